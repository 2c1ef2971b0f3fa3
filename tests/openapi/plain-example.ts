/** Makes what a platform said fit to be read: ids, times and measures that are the same in every recording. */

/** What the samples call things, and what a reader shall see. The first that matches counts. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{12})\b/g, ''], // by `ids` below
  [/http:\/\/127\.0\.0\.1:\d+/g, 'https://bytenite.example.org'],
  [/(\?sig=)[^"\\&]+/g, '$1EXAMPLE'],
  [/[A-Za-z0-9+/]{43}=/g, 'q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4='],
  [/\b[0-9a-f]{64}\b/g, 'b2f7a90c5d1e48f3a6b79c02d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d'],
  [/\breq-[0-9a-f]+/g, 'req-7d20'],
  [/"([0-9a-f]{2}:){3,}[0-9a-f]{2}"/g, '"9f:3a:51:c7"'],
  [/(this host's )\S+/g, '$1/usr/bin/python3'],
  [/wire-app|wire-template(-2)?|wire-pushed(?!-)/g, 'word-count'],
  [/wire-engine/g, 'line-splitter'],
  [/wire-pushed-engine/g, 'sum-json'],
  [/wire-user-\d+/g, 'ada'],
  [/wire-(farm|new)-\d+/g, 'farm'],
  [/wire-secret|wire-\d+/g, 'media_store'],
  [/wire-(models|old)/g, '$1'],
  [/own-\d+/g, 'july-count'],
  [/doomed-\d+/g, 'word-count'],
];

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const TIMES: Readonly<Record<string, string>> = {
  submittedAt: '2026-02-03T09:14:20.4Z',
  startedAt: '2026-02-03T09:14:21.7Z',
  timestamp: '2026-02-03T09:14:41Z',
  completedAt: '2026-02-03T09:14:52.2Z',
  endedAt: '2026-02-03T09:16:52.5Z',
  updatedAt: '2026-02-03T09:16:52.5Z',
  expiresAt: '2026-08-02T09:00:00Z',
};
const OTHER_TIME = '2026-02-03T09:14:20.1Z';

/** What is measured is never the same; of these, 0 means that there was nothing yet. */
const SUMS: Readonly<Record<string, number>> = {
  duration: 152.4,
  paymentAmount: 0.305,
  price: 0.1017,
};
const MEASURES: Readonly<Record<string, number>> = {
  cpuSeconds: 10.2,
  transactions: 3,
  totalBalance: 499.695,
  availableBalance: 499.695,
  balance: 499.695,
  amountDue: 0,
  maxMemoryBytes: 48_234_496,
  queueSeconds: 0.6,
  startSeconds: 0.4,
  transferSeconds: 0.3,
  runSeconds: 30.5,
};

const EXAMPLES: Readonly<Record<string, string>> = {
  token: 'EXAMPLE-TOKEN',
  apiKey: 'EXAMPLE-KEY',
  accessKey: 'EXAMPLEACCESS',
  secretKey: 'EXAMPLESECRET',
  data: 'UEFDS0FHRQ==',
  engineData: 'UEFDS0FHRQ==',
  tag: 'word-count@1.2',
  couponCode: 'EXAMPLE-COUPON',
  code: 'EXAMPLE-COUPON',
  fingerprint: '9f:3a:51:c7',
};
/** Those that are names of things elsewhere, and so only replaced where they are long. */
const LONG_ONLY = new Set(['data', 'engineData', 'tag', 'token', 'apiKey']);
const LONG = 24;
/** One-time codes are, coupons are not. */
const SHORT = 8;

/** Lists show how they look, not how long they get. */
const shown = (key: string) => (key === 'logs' ? 3 : 2);

export function plainExample<T>(example: T): T {
  const ids = new Map<string, string>();
  const idOf = (id: string) => {
    if (!ids.has(id))
      ids.set(id, `6f0d2c1e-5b7a-4c3d-9e21-${String(ids.size + 1).padStart(12, '0')}`);
    return ids.get(id) ?? '';
  };
  let text = JSON.stringify(plain(example, ''));
  for (const [pattern, word] of WORDS) {
    text = word === '' ? text.replace(pattern, idOf) : text.replace(pattern, word);
  }
  return JSON.parse(text) as T;
}

function plain(value: unknown, key: string): unknown {
  if (typeof value === 'string') return plainText(value, key);
  if (typeof value === 'number') return plainNumber(value, key);
  if (Array.isArray(value)) return value.slice(0, shown(key)).map((item) => plain(item, key));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, part]) => [name, plain(part, name)] as const);
  if (key === 'stateTimestamps')
    return Object.fromEntries(fields.map(([name], i) => [name, second(i)]));
  const object = withPlainPage(Object.fromEntries(fields));
  return 'event' in object && 'id' in object ? { ...object, id: '184467' } : object;
}

function plainNumber(value: number, key: string): number {
  // What a job of a moment cost; what was given is more.
  if (key === 'amount' && value !== 0 && Math.abs(value) < 1) return 0.305;
  return MEASURES[key] ?? (value === 0 ? 0 : (SUMS[key] ?? value));
}

/** One after the other. */
const second = (i: number) => `2026-02-03T09:14:${20 + i}Z`;

const CSV_LINE = /^[^,]+,[^,]+,(\w+,[^,]*),[^,]*,([^,]*,[^,]*),.*$/;

/** The heading and the first transactions; ids, times and amounts as elsewhere. */
function plainCsv(text: string): string {
  const [heading, ...lines] = text.trimEnd().split('\r\n');
  const plainLine = (line: string) =>
    line.replace(
      CSV_LINE,
      `a95d3e71-0c4d-4f3e-8a51-3d0f5f0b7a11,${OTHER_TIME},$1,0.305,$2,${MEASURES['balance']}`,
    );
  return [heading, ...lines.slice(0, shown('csv')).map(plainLine), ''].join('\r\n');
}

function plainText(text: string, key: string): string {
  if (key === 'csv') return plainCsv(text);
  if (TIME.test(text)) return TIMES[key] ?? OTHER_TIME;
  const word = EXAMPLES[key];
  if (key === 'code' && text.length < SHORT) return text;
  if (word === undefined || text === '' || (LONG_ONLY.has(key) && text.length < LONG)) return text;
  return word;
}

/** A page says of itself what it shows. */
function withPlainPage(reply: Record<string, unknown>): Record<string, unknown> {
  const list = ['data', 'apps', 'engines', 'templates', 'users'].flatMap(
    (name) => reply[name] ?? [],
  );
  const { pagination } = reply;
  if (typeof pagination !== 'object' || pagination === null || !('total' in pagination))
    return reply;
  const page = { total: list.length, offset: 0, hasPrevious: false, hasNext: false };
  return { ...reply, pagination: page };
}
