import { expect, test } from 'vitest';
import { monotonicMs, ServerClock } from './clock.ts';

test('a call that was held is no sample', () => {
  const clock = new ServerClock();
  clock.update(1_000_000, 100, 102);
  expect(clock.at(101)).toBe(1_000_000);
  clock.update(2_000_000, 200, 20_200);
  expect(clock.at(101)).toBe(1_000_000);
});

test('a better or an equal later sample is taken', () => {
  const clock = new ServerClock();
  clock.update(1_000_000, 100, 110);
  clock.update(1_000_500, 200, 202);
  expect(clock.at(201)).toBe(1_000_500);
});

test('the monotonic clock runs', () => {
  const before = monotonicMs();
  expect(monotonicMs()).toBeGreaterThanOrEqual(before);
});
