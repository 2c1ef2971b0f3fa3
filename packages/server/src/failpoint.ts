/**
 * Points at which a test may hold the program for a moment, so that a kill lands there:
 * `BYTENITE_FAILPOINTS="step-source=200,commit=50"` waits up to that many milliseconds. Unset, nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const points = new Map(
  (process.env['BYTENITE_FAILPOINTS'] ?? '')
    .split(',')
    .filter(Boolean)
    .map((entry) => {
      const [name = '', ms = '0'] = entry.split('=');
      return [name, Number(ms)] as const;
    }),
);

export async function failpoint(name: string): Promise<void> {
  const ms = points.get(name);
  if (ms !== undefined) await sleep(Math.random() * ms);
}
