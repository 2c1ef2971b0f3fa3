/**
 * Named points at which the kill test makes the runner dawdle, so that a SIGKILL hits each of them:
 * `BYTENITE_FAILPOINTS="stage-in=50,report=50"` waits a random 0 to 50 ms there. Unset, it costs nothing.
 */
export type Failpoint = 'stage-in' | 'run' | 'stage-out' | 'report';

const points = parseFailpoints(process.env['BYTENITE_FAILPOINTS']);

/** A promise to wait for when the point is armed, else undefined. */
export function failpoint(name: Failpoint): Promise<void> | undefined {
  const limitMs = points?.get(name);
  if (limitMs === undefined) return undefined;
  return new Promise((resolve) => void setTimeout(resolve, Math.random() * limitMs));
}

function parseFailpoints(text: string | undefined): Map<string, number> | undefined {
  if (!text) return undefined;
  return new Map(
    text.split(',').map((part): [string, number] => {
      const [name = '', value = ''] = part.split('=');
      return [name.trim(), Number(value) || 0];
    }),
  );
}
