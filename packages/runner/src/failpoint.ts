/**
 * Named points at which the kill test makes the runner dawdle, so that a SIGKILL hits each of them:
 * `BYTENITE_FAILPOINTS="stage-in=50,report=20-50"` waits a random 0 to 50 ms at one, 20 to 50 at the other.
 * Unset, it costs nothing.
 */
export type Failpoint = 'stage-in' | 'run' | 'stage-out' | 'report';

const points = parseFailpoints(process.env['BYTENITE_FAILPOINTS']);

/** A promise to wait for when the point is armed, else undefined. */
export function failpoint(name: Failpoint): Promise<void> | undefined {
  const range = points?.get(name);
  if (range === undefined) return undefined;
  const waitMs = range.fromMs + Math.random() * (range.toMs - range.fromMs);
  return new Promise((resolve) => void setTimeout(resolve, waitMs));
}

interface Range {
  fromMs: number;
  toMs: number;
}

function parseFailpoints(text: string | undefined): Map<string, Range> | undefined {
  if (!text) return undefined;
  return new Map(
    text.split(',').map((part): [string, Range] => {
      const [name = '', value = '0'] = part.split('=');
      const [first = 0, second] = value.split('-').map(Number);
      const isRange = second !== undefined;
      return [name.trim(), { fromMs: isRange ? first : 0, toMs: second ?? first }];
    }),
  );
}
