import { expect, test } from 'vitest';
import { pauseAfter } from './heartbeat.ts';

const SETTINGS = { heartbeatMs: 1000, leaseMs: 15_000 };

test.each([
  ['quick', 5, 1000],
  ['a tenth of the time', 200, 2000],
  ['slow, so that five begin in a lease', 600, 2400],
  ['slower than that', 5000, 1000],
])('after a beat that was %s', (_, tookMs, pauseMs) => {
  expect(pauseAfter(tookMs, SETTINGS)).toBe(pauseMs);
});
