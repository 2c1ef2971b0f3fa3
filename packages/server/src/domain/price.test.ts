import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { byteChips, PRICE_UNITS_PER_BYTECHIP, priceOf } from './price.ts';

const HOUR = 3_600_000;

it('is one ByteChip for an hour on one core and one GiB', () => {
  expect(priceOf(1, 1, HOUR)).toBe(PRICE_UNITS_PER_BYTECHIP);
  expect(byteChips(priceOf(1, 1, HOUR))).toBe(1);
});

it('weighs cores and memory alike', () => {
  expect(byteChips(priceOf(2, 4, HOUR))).toBe(3);
  expect(priceOf(3, 1, 90_000)).toBe(priceOf(1, 3, 90_000));
});

it('counts part of an hour to the eighth decimal', () => {
  expect(byteChips(priceOf(1, 1, 1))).toBe(0.00000028);
  expect(byteChips(priceOf(2, 4, 366_000))).toBe(0.305);
});

it('is nothing where the clock says that the end came before the start', () => {
  expect(priceOf(8, 8, -1)).toBe(0);
});

it('is always a whole number of units, and grows with time', () => {
  const needs = fc.double({ min: 0, max: 1024, noNaN: true });
  const ms = fc.integer({ min: 0, max: 30 * 24 * HOUR });
  fc.assert(
    fc.property(needs, needs, ms, ms, (cpus, memory, a, b) => {
      const price = priceOf(cpus, memory, a);
      expect(Number.isSafeInteger(price)).toBe(true);
      expect(priceOf(cpus, memory, a + b)).toBeGreaterThanOrEqual(price);
    }),
  );
});
