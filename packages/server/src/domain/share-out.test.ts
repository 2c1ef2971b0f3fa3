import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareOut, type Asking, type Capacity, type Share } from './share-out.ts';

const GIB = 1024 ** 3;
const HOUR = 3_600_000;

function job(account: string, waiting: number, cpus = 1, gib = 1, gpu: string[] = []): Asking {
  return { account, waiting, needs: { cpus, memoryBytes: gib * GIB, gpu } };
}

function share(standing: number, room: Partial<Share['room']> = {}): Share {
  return { standing, room: { tasks: Infinity, cpus: Infinity, ...room } };
}

function runner(cpus: number, free: Partial<Capacity> = {}, overcommit = false) {
  const size = { cpus, memoryBytes: 1000 * GIB, overcommit };
  const rest = { gpus: [], prefetch: 0, idle: true, left: 500, ...free };
  const capacity = { cpus, memoryBytes: 1000 * GIB, ...rest };
  return { size, capacity, halfLifeMs: HOUR };
}

function counts(
  asking: Asking[],
  shares: Record<string, Share>,
  on: ReturnType<typeof runner>,
): number[] {
  const { counts: given } = shareOut(asking, new Map(Object.entries(shares)), on);
  return asking.map((one) => given.get(one) ?? 0);
}

describe('GPUs', () => {
  it('are given one to a task, to those that take their model, and hold up nobody else', () => {
    const all = [job('a', 9, 1, 1, ['t4']), job('b', 9, 1, 1, ['A100']), job('c', 2)];
    const gpus = ['NVIDIA Tesla T4', 'NVIDIA Tesla T4'];
    expect(counts(all, {}, runner(9, { gpus }))).toEqual([2, 0, 2]);
    expect(counts(all, {}, runner(9, { gpus: ['A100'] }))).toEqual([0, 1, 2]);
  });

  it('that are taken are waited for without a runner that is kept', () => {
    const passed = (free: Partial<Capacity>) =>
      shareOut([job('a', 1, 2, 1, ['t4'])], new Map(), runner(9, free)).passedOver;
    expect(passed({ gpus: [] })).toBeNull();
    expect(passed({ gpus: ['T4'], cpus: 1 })).not.toBeNull();
  });
});

describe('a runner’s capacity', () => {
  it('is shared evenly by accounts that stand alike, and what one leaves goes to the others', () => {
    const all = [job('a', 100), job('b', 100), job('c', 1)];
    expect(counts(all, {}, runner(9))).toEqual([4, 4, 1]);
  });

  it('goes first to who stands lower, until they are level', () => {
    const shares = { a: share(3 * 2 * HOUR), b: share(0) };
    expect(counts([job('a', 100), job('b', 100)], shares, runner(5))).toEqual([1, 4]);
    expect(counts([job('a', 100), job('b', 100)], shares, runner(2))).toEqual([0, 2]);
  });

  it('weighs by what tasks take: many small ones for one large one', () => {
    expect(counts([job('a', 100, 4, 4), job('b', 100)], {}, runner(8))).toEqual([1, 4]);
  });

  it('serves an account’s jobs one after the other', () => {
    expect(counts([job('a', 2), job('a', 5), job('a', 5)], {}, runner(4))).toEqual([2, 2, 0]);
  });

  it('ends at the account’s limits, and goes on with the others', () => {
    const limited = { a: share(0, { tasks: 2 }), b: share(0, { cpus: 5 }) };
    expect(counts([job('a', 9), job('b', 9, 2)], limited, runner(99))).toEqual([2, 2]);
    const none = { a: share(0, { tasks: 0 }) };
    expect(counts([job('a', 9), job('b', 9)], none, runner(4))).toEqual([0, 4]);
  });

  it('is all given to a task that is to run alone, where the runner holds nothing', () => {
    const all = [{ ...job('a', 3), alone: true }, job('a', 9)];
    expect(counts(all, {}, runner(4, { isEmpty: true }))).toEqual([1, 0]);
    // What was granted before it in the same breath is held too.
    expect(counts([...all].toReversed(), {}, runner(4, { isEmpty: true }))).toEqual([4, 0]);
  });

  it('is not given to a task that is to run alone while the runner holds anything; its turn is noted', () => {
    const alone = { ...job('a', 1), alone: true };
    const others = job('a', 9);
    const on = runner(4, { isEmpty: false });
    expect(shareOut([alone, others], new Map(), on)).toEqual({
      counts: new Map([[others, 4]]),
      passedOver: alone,
    });
  });

  it('of fractions of a CPU is used up', () => {
    expect(counts([job('a', 99, 0.1)], {}, runner(1))).toEqual([10]);
  });
});

describe('a job whose turn it is', () => {
  const passedOver = (asking: Asking[], on: ReturnType<typeof runner>) =>
    shareOut(asking, new Map(), on).passedOver;

  it('is named where it does not fit what is free', () => {
    const large = job('a', 1, 8);
    expect(passedOver([large, job('b', 9)], runner(8, { cpus: 3, idle: false }))).toBe(large);
    expect(passedOver([large, job('b', 9)], runner(8))).toBeNull();
  });

  it('is named where it is larger than the runner and something else runs', () => {
    const large = job('a', 1, 80);
    expect(passedOver([large], runner(8, { idle: false }, true))).toBe(large);
    expect(passedOver([large], runner(8, {}, true))).toBeNull();
  });

  it('is not named where its account may not have it, or somebody else’s turn came first', () => {
    const large = job('a', 1, 8);
    const on = runner(8, { cpus: 3, idle: false });
    const { passedOver: named } = shareOut([large], new Map([['a', share(0, { cpus: 2 })]]), on);
    expect(named).toBeNull();
    expect(passedOver([job('b', 9), large], on)).toBeNull();
  });
});

it('any sharing out keeps within the capacity, the limits and what waits', () => {
  const asking = fc.array(
    fc.record({
      account: fc.constantFrom('a', 'b', 'c'),
      waiting: fc.integer({ min: 0, max: 20 }),
      needs: fc.record({
        cpus: fc.constantFrom(0.25, 1, 2, 5),
        memoryBytes: fc.integer({ min: 0, max: 8 }).map((gib) => gib * GIB),
        gpu: fc.constantFrom<string[]>([], ['T4']),
      }),
    }),
    { maxLength: 8 },
  );
  const room = fc.record({
    tasks: fc.integer({ min: 0, max: 9 }),
    cpus: fc.integer({ min: 0, max: 9 }),
  });
  const input = fc.record({
    asking,
    shares: fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.record({ standing: fc.nat(1e9), room }),
    ),
    cpus: fc.integer({ min: 0, max: 12 }),
    prefetch: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(input, (given) => {
      const on = runner(12, { cpus: given.cpus, prefetch: given.prefetch, idle: false });
      const out = counts(given.asking, given.shares, on);
      const sum = (of: (one: Asking, count: number) => number) =>
        given.asking.reduce((total, one, i) => total + of(one, out[i] ?? 0), 0);
      given.asking.forEach((one, i) => expect(out[i]).toBeLessThanOrEqual(one.waiting));
      const beyond = sum(({ needs }, count) => needs.cpus * count) - given.cpus;
      expect(beyond).toBeLessThanOrEqual(given.prefetch * 5 + 1e-6);
      for (const [account, { room: left }] of Object.entries(given.shares)) {
        const own = (of: (cpus: number) => number) =>
          sum((one, count) => (one.account === account ? of(one.needs.cpus) * count : 0));
        expect(own(() => 1)).toBeLessThanOrEqual(left.tasks);
        expect(own((cpus) => cpus)).toBeLessThanOrEqual(left.cpus + 1e-6);
      }
    }),
  );
});
