/** A simulated week of three users on one machine, decided by the functions that claims are decided by. */
import { describe, expect, it } from 'vitest';
import { addHeld, loadOf, standingOf, type Usage } from './fair-share.ts';
import { shareOut, type Asking } from './share-out.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;
const SLOTS = 16;
const NEEDS = { cpus: 1, memoryBytes: 1024 ** 3 };
const STEP = MINUTE;

interface User {
  name: string;
  /** Tasks that it submits in a minute of the week. */
  submits: (minute: number) => number;
  /** Minutes that each of its tasks runs. */
  minutes: number;
  waiting: number;
  ends: number[];
  usage: Usage;
  /** Slot minutes that it got, and that an even division at every moment would have given it. */
  got: number;
  ideal: number;
  idealWork: number;
  furthestBehind: number;
}

function user(name: string, minutes: number, submits: User['submits']): User {
  const counters = { waiting: 0, ends: [], got: 0, ideal: 0, idealWork: 0, furthestBehind: 0 };
  return { name, minutes, submits, usage: { amount: 0, at: 0 }, ...counters };
}

/** Even parts of the machine for all that have work; what one does not need goes to the others. */
function divide(users: readonly User[]): void {
  let slots = SLOTS;
  const wanting = users.filter((one) => one.idealWork > 0);
  wanting.sort((a, b) => a.idealWork - b.idealWork);
  wanting.forEach((one, i) => {
    const part = Math.min(one.idealWork, slots / (wanting.length - i));
    one.ideal += part;
    one.idealWork -= part;
    slots -= part;
  });
}

function claim(users: readonly User[], now: number): void {
  const running = users.reduce((sum, one) => sum + one.ends.length, 0);
  const asking = users
    .filter((one) => one.waiting > 0)
    .map((one): Asking & { one: User } => ({
      account: one.name,
      needs: { ...NEEDS, gpu: [] },
      waiting: one.waiting,
      one,
    }));
  const shares = new Map(
    users.map((one) => {
      const cpus = one.ends.length;
      const held = { cpus, memoryBytes: cpus * NEEDS.memoryBytes };
      const standing = standingOf(one.usage.amount, held, HOUR);
      return [one.name, { standing, room: { tasks: Infinity, cpus: Infinity } }];
    }),
  );
  const memoryBytes = 1024 ** 4;
  const free = {
    cpus: SLOTS - running,
    memoryBytes,
    gpus: [],
    prefetch: 0,
    idle: false,
    left: 500,
  };
  const size = { cpus: SLOTS, memoryBytes, overcommit: false };
  const { counts } = shareOut(asking, shares, { size, capacity: free, halfLifeMs: HOUR });
  for (const [{ one }, count] of counts) {
    one.waiting -= count;
    for (let i = 0; i < count; i += 1) one.ends.push(now + one.minutes * MINUTE);
  }
}

function simulate(users: readonly User[]): void {
  for (let now = 0; now < WEEK; now += STEP) {
    for (const one of users) {
      const submitted = one.submits(now / MINUTE);
      one.waiting += submitted;
      one.idealWork += submitted * one.minutes;
      one.ends = one.ends.filter((end) => end > now);
    }
    claim(users, now);
    divide(users);
    for (const one of users) {
      const load = loadOf(NEEDS) * one.ends.length;
      one.usage = addHeld(one.usage, load, now + STEP, HOUR);
      one.got += one.ends.length;
      one.furthestBehind = Math.max(one.furthestBehind, one.ideal - one.got);
    }
  }
}

describe('a week of three users', () => {
  it('gives each what an even division at every moment would, within what a few tasks take', () => {
    // One floods the machine for the week; one works in office hours; one runs a batch each night.
    const flood = user('flood', 10, (minute) => (minute === 0 ? 100_000 : 0));
    const office = user('office', 3, (minute) => {
      const hour = (minute / 60) % 24;
      return hour >= 9 && hour < 17 && minute % 30 === 0 ? 60 : 0;
    });
    const nightly = user('nightly', 20, (minute) => (minute % (24 * 60) === 120 ? 200 : 0));
    const users = [flood, office, nightly];
    simulate(users);
    for (const one of users) {
      expect(one.got / one.ideal, `${one.name} got of its ideal share`).toBeGreaterThan(0.98);
      expect(one.got / one.ideal, `${one.name} got of its ideal share`).toBeLessThan(1.02);
    }
    // Never further behind it than what the machine does in five minutes, or in half an hour of usage made up for.
    expect(office.furthestBehind).toBeLessThan(SLOTS * 5);
    expect(nightly.furthestBehind).toBeLessThan(SLOTS * 5);
    expect(flood.furthestBehind).toBeLessThan(SLOTS * 30);
    const all = users.reduce((sum, one) => sum + one.got, 0);
    expect(all).toBe((SLOTS * WEEK) / MINUTE);
  });

  it('lets ten tasks start within two task lengths behind a hundred thousand', () => {
    const starts: number[] = [];
    const flood = user('flood', 5, (minute) => (minute === 0 ? 100_000 : 0));
    const small = user('small', 5, (minute) => (minute === 601 ? 10 : 0));
    let seen = 0;
    const watched = {
      ...small,
      submits(minute: number) {
        const started = minute <= 601 ? 0 : 10 - watched.waiting;
        for (; seen < started; seen += 1) starts.push(minute - 601);
        return small.submits(minute);
      },
    };
    simulate([flood, watched]);
    expect(starts).toHaveLength(10);
    expect(Math.max(...starts)).toBeLessThanOrEqual(10);
  });
});
