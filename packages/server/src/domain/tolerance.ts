/** How many chunks of a job may finally fail: a count, or a percentage of its chunks, rounded down. */

/** Parts of a chunk in ten thousand per cent, so that 0.57 % of 10,000 is 57 and not 56.99. */
const PERCENT_UNITS = 10_000;

type Tolerance = { count: number } | { percentUnits: number };

/** Null where the text is neither a count nor a percentage; `""` tolerates none. */
export function parseTolerance(text: string): Tolerance | null {
  if (text === '') return { count: 0 };
  const [, count] = /^(\d{1,9})$/.exec(text) ?? [];
  if (count !== undefined) return { count: Number(count) };
  const [, percent] = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text) ?? [];
  if (percent === undefined || Number(percent) > 100) return null;
  return { percentUnits: Math.round(Number(percent) * PERCENT_UNITS) };
}

/** A text that was checked when it came in. */
export function toleratedOf(text: string, numChunks: number): number {
  const tolerance = parseTolerance(text);
  if (tolerance === null) throw new Error(`toleratedFailures is ${text}`);
  if ('count' in tolerance) return tolerance.count;
  return Math.floor((numChunks * tolerance.percentUnits) / (100 * PERCENT_UNITS));
}
