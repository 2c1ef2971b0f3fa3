/** How long an API key lives. */

const SECOND = 1000;
const DAY = 24 * 3600 * SECOND;
const STANDARD_MS = 365 * DAY;
const LONGEST_MS = 100 * STANDARD_MS;

/** Milliseconds of `"<n>s"` or of seconds; a year when empty; null for what is no lifetime. */
export function keyLifetimeMs(duration: string | number | undefined): number | null {
  const text = String(duration ?? '').trim();
  if (text === '') return STANDARD_MS;
  const [, seconds] = /^(\d+(?:\.\d+)?)s?$/.exec(text) ?? [];
  const ms = Math.round(Number(seconds) * SECOND);
  return ms >= SECOND && ms <= LONGEST_MS ? ms : null;
}
