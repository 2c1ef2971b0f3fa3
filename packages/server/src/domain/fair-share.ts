/**
 * How much of the machines each account has had lately, and who is served next. Usage halves with every
 * half-life, so what somebody used yesterday is forgotten; what is held at this moment weighs more than all
 * that is remembered, so whoever used much gets less for a while, and never nothing.
 */
const GIB = 1024 ** 3;

/** What is held now counts as if it were held for so many half-lives. */
const HORIZON = 2;

export interface Needs {
  cpus: number;
  memoryBytes: number;
}

/** What an account's tasks hold at one moment. */
export interface Held extends Needs {
  tasks: number;
}

export const NOTHING_HELD: Held = { tasks: 0, cpus: 0, memoryBytes: 0 };

/** Load times milliseconds, as it stood at a time. */
export interface Usage {
  amount: number;
  at: number;
}

/** CPUs and GiB in one number, as prices weigh them. */
export function loadOf({ cpus, memoryBytes }: Needs): number {
  return (cpus + memoryBytes / GIB) / 2;
}

export function decayed(usage: Usage, now: number, halfLifeMs: number): number {
  return usage.amount * keptAfter(now - usage.at, halfLifeMs);
}

/** Usage after `load` was held from `usage.at` until now. */
export function addHeld(usage: Usage, load: number, now: number, halfLifeMs: number): Usage {
  const kept = keptAfter(now - usage.at, halfLifeMs);
  const held = load * (halfLifeMs / Math.LN2) * (1 - kept);
  return { amount: usage.amount * kept + held, at: Math.max(now, usage.at) };
}

/** Whose standing is lower is served first. */
export function standingOf(amount: number, held: Needs, halfLifeMs: number): number {
  return amount + standingCost(held, halfLifeMs);
}

/** What a task that begins adds to its account's standing. */
export function standingCost(needs: Needs, halfLifeMs: number): number {
  return loadOf(needs) * HORIZON * halfLifeMs;
}

/** A clock that was set back makes nobody's usage grow. */
function keptAfter(ms: number, halfLifeMs: number): number {
  return 2 ** (-Math.max(0, ms) / halfLifeMs);
}
