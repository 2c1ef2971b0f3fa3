/**
 * Points at which a test may hold the program for a moment, so that a kill lands there:
 * `BYTENITE_FAILPOINTS="step-source=200,commit=50-90"` waits up to 200 ms at one, 50 to 90 at the other.
 * Unset, nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const points = new Map(
  (process.env['BYTENITE_FAILPOINTS'] ?? '')
    .split(',')
    .filter(Boolean)
    .map((entry) => {
      const [name = '', range = '0'] = entry.split('=');
      const [from = 0, to] = range.split('-').map(Number);
      return [name, to === undefined ? { from: 0, to: from } : { from, to }] as const;
    }),
);

export async function failpoint(name: string): Promise<void> {
  const range = points.get(name);
  if (range !== undefined) await sleep(range.from + Math.random() * (range.to - range.from));
}
