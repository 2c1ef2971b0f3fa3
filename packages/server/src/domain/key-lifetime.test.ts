import { expect, it } from 'vitest';
import { keyLifetimeMs } from './key-lifetime.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;

it.each([
  ['15552000s', 15_552_000_000],
  ['60', 60_000],
  [60, 60_000],
  [' 1.5s ', 1500],
  ['', YEAR_MS],
  [undefined, YEAR_MS],
  ['3153600000s', 100 * YEAR_MS],
])('%j is a lifetime', (duration, ms) => {
  expect(keyLifetimeMs(duration)).toBe(ms);
});

it.each(['0s', 0, '0.9s', -1, '-1s', '1h', 's', '1e3', 'NaN', 1e30, '3153600001s', '1 s'])(
  '%j is none',
  (duration) => {
    expect(keyLifetimeMs(duration)).toBeNull();
  },
);
