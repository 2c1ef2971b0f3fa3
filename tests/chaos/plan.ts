/** What will go wrong, and when: all of it follows from a seed. */
import type { Random } from '../kill/random.ts';

/** What this machine and this database let us do. */
export interface Abilities {
  servers: number;
  runners: number;
  /** A database server of its own, that can be away while servers live. */
  database: boolean;
  /** File systems that can be filled. */
  disks: boolean;
  /** A runner whose clock can be set. */
  clock: boolean;
}

export const FAULT_KINDS = [
  'kill server',
  'kill runner',
  'freeze server',
  'freeze runner',
  'restart database',
  'cut database',
  'full disk',
  'clock jump',
  'slow reports',
  'repeated reports',
  'lost replies',
  'cut calls',
  'cut blobs',
  'held calls',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  kind: FaultKind;
  /** From the beginning of the seed's run. */
  atMs: number;
  forMs: number;
  /** Which server, runner or disk. */
  target: number;
  /** Seconds of a clock's jump; milliseconds that reports are late; the weight of an end of the database. */
  amount: number;
}

const LEASE_MS = 2500;
const FEWEST = 4;
const MOST = 7;
const SPREAD_MS = 6000;

export const TIMES = { leaseMs: LEASE_MS, graceMs: 300 };

/** Each kind comes first in its turn, so that as many seeds as there are kinds have them all. */
export function makePlan(seed: number, random: Random, abilities: Abilities): Fault[] {
  const kinds = FAULT_KINDS.filter((kind) => isPossible(kind, abilities));
  const first = kinds[seed % kinds.length] as FaultKind;
  const others = Array.from({ length: random.int(FEWEST, MOST) - 1 }, () => random.pick(kinds));
  return [first, ...others]
    .map((kind) => makeFault(kind, random, abilities))
    .toSorted((a, b) => a.atMs - b.atMs);
}

function isPossible(kind: FaultKind, { database, disks, clock }: Abilities): boolean {
  if (kind === 'restart database' || kind === 'cut database') return database;
  if (kind === 'full disk') return disks;
  return kind !== 'clock jump' || clock;
}

function makeFault(kind: FaultKind, random: Random, { servers, runners }: Abilities): Fault {
  const atMs = random.int(300, SPREAD_MS);
  const long = random.int(LEASE_MS * 1.2, LEASE_MS * 1.8);
  const short = random.int(50, LEASE_MS * 0.8);
  const either = random.chance(0.5) ? long : short;
  const base = { kind, atMs, forMs: either, target: 0, amount: 0 };
  switch (kind) {
    case 'kill server':
      return { ...base, target: random.int(0, servers - 1), forMs: either };
    case 'freeze server':
      return { ...base, target: random.int(0, servers - 1), forMs: long };
    case 'kill runner':
      return { ...base, target: random.int(0, runners - 1) };
    case 'freeze runner':
      return { ...base, target: random.int(0, runners - 1), forMs: long };
    case 'restart database':
      return { ...base, forMs: random.int(0, LEASE_MS), amount: random.int(0, 1) };
    case 'cut database':
      return { ...base, forMs: random.int(1, 4) * 150 };
    case 'full disk':
      return { ...base, target: random.int(0, 1), forMs: random.int(500, 2000) };
    case 'clock jump':
      return { ...base, forMs: long, amount: random.int(-7200, 7200) };
    default:
      return { ...base, target: random.int(0, runners - 1), amount: random.int(100, 3000) };
  }
}

export function describeFault({ kind, atMs, forMs, target, amount }: Fault): string {
  return `${kind} ${target} at ${atMs} ms for ${forMs} ms (${amount})`;
}
