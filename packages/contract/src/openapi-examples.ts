/** Puts into a document, for every call, a request and the reply that a platform gave to it. */
import { EXAMPLES } from './examples.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes/index.ts';

/** As recorded; see tests/openapi/recording.ts. */
export interface CallExample {
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  status: number;
  reply: unknown;
}

interface Content {
  [type: string]: { example?: unknown };
}

interface Operation {
  operationId?: string;
  parameters?: { in: string; name: string; schema?: object; example?: unknown }[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
}

const NOT_FOUND = {
  code: 5,
  message: 'job not found',
  details: [],
  ok: false,
  requestId: 'req-7d1f',
  error: { code: 404, message: 'Not Found', description: 'job not found' },
};
const NOT_YET = {
  code: 12,
  message: 'not available in this version',
  details: [],
  ok: false,
  requestId: 'req-7d1f',
  error: { code: 501, message: 'Not Implemented', description: 'not available in this version' },
};

/** Calls that are done and of which nothing was recorded. */
export function callsWithoutExample(): string[] {
  return Object.values(ROUTES)
    .flatMap((routes) => Object.entries<Route>(routes))
    .flatMap(([id, route]) => (route.done && EXAMPLES[id] === undefined ? [id] : []));
}

export function addExamples(document: { paths?: object }): void {
  for (const item of Object.values(document.paths ?? {}) as Record<string, Operation>[]) {
    for (const operation of Object.values(item)) addTo(operation);
  }
}

function addTo({ operationId = '', parameters = [], requestBody, responses }: Operation): void {
  const example = EXAMPLES[operationId.replace(/_Alias\d+$/, '')];
  for (const parameter of parameters) {
    const text = example?.[parameter.in === 'path' ? 'params' : 'query']?.[parameter.name];
    if (text !== undefined) parameter.example = parameterValue(text, parameter.schema ?? {});
  }
  show(requestBody?.content, example?.body);
  show(responses['200']?.content, example?.status === 200 ? example.reply : undefined);
  show(responses['501']?.content, NOT_YET);
  show(
    responses['default']?.content,
    example?.status === 200 ? NOT_FOUND : (example?.reply ?? NOT_FOUND),
  );
}

function show(content: Content | undefined, example: unknown): void {
  if (example === undefined) return;
  for (const [type, body] of Object.entries(content ?? {})) {
    const isText = type === 'application/x-ndjson';
    body.example = isText ? `${JSON.stringify(example)}\n` : example;
  }
}

/** Queries are text; the document says what they mean. */
function parameterValue(text: string, schema: { type?: unknown }): unknown {
  if (schema.type === 'array') return text.split(',');
  return schema.type === 'string' || schema.type === undefined
    ? text
    : (JSON.parse(text) as unknown);
}
