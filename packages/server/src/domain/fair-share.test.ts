import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addHeld, decayed, loadOf, standingOf } from './fair-share.ts';

const HOUR = 3_600_000;
const GIB = 1024 ** 3;
const one = { cpus: 1, memoryBytes: GIB };

describe('usage', () => {
  it('is half after a half-life, and never grows by itself', () => {
    const usage = { amount: 8, at: 0 };
    expect(decayed(usage, HOUR, HOUR)).toBe(4);
    expect(decayed(usage, 3 * HOUR, HOUR)).toBe(1);
    expect(decayed(usage, -HOUR, HOUR)).toBe(8);
  });

  it('counts a CPU with a GiB as one', () => {
    expect(loadOf(one)).toBe(1);
    expect(loadOf({ cpus: 2, memoryBytes: 4 * GIB })).toBe(3);
  });

  it('is the same however often it is looked at', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 * HOUR }), { minLength: 1 }), (steps) => {
        let stepwise = { amount: 3, at: 0 };
        let now = 0;
        for (const step of steps) stepwise = addHeld(stepwise, 2, (now += step), HOUR);
        const atOnce = addHeld({ amount: 3, at: 0 }, 2, now, HOUR);
        expect(stepwise.amount / atOnce.amount).toBeCloseTo(1, 6);
      }),
    );
  });

  it('has a highest value for a load, which half a life of rest takes away by less than a third', () => {
    const long = addHeld({ amount: 0, at: 0 }, 4, 1000 * HOUR, HOUR);
    expect(long.amount).toBeCloseTo((4 * HOUR) / Math.LN2);
    expect(decayed(long, 1000.5 * HOUR, HOUR) / long.amount).toBeCloseTo(Math.SQRT1_2);
  });
});

describe('standing', () => {
  it('of who holds something is above that of who holds nothing, even after long usage of the other', () => {
    const long = addHeld({ amount: 0, at: 0 }, 1, 1000 * HOUR, HOUR).amount;
    expect(standingOf(0, one, HOUR)).toBeGreaterThan(
      standingOf(long, { cpus: 0, memoryBytes: 0 }, HOUR),
    );
  });
});
