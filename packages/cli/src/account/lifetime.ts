import { InvalidArgumentError } from 'commander';

const SECONDS: Record<string, number> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 24 * 3600,
  w: 7 * 24 * 3600,
  y: 365 * 24 * 3600,
};

/** `90d`, `12h`, `1y` as the platform's `<n>s`. */
export function parseLifetime(text: string): string {
  const [, amount, unit = ''] = /^(\d+)([smhdwy])$/.exec(text.trim()) ?? [];
  const seconds = Number(amount) * (SECONDS[unit] ?? 0);
  if (Number.isSafeInteger(seconds) && seconds > 0) return `${seconds}s`;
  throw new InvalidArgumentError('It must be a time like 12h, 90d, 4w or 1y.');
}
