/**
 * A task that needs more of a runner than is ever free at once would wait for ever behind smaller ones. When
 * its turn has come and it was passed over for a while, one runner is kept for it: that runner takes nothing
 * else until the task fits. Only what this process's runners do depends on it, so it is not in the tables.
 */
import type { ReadyClass } from '../../store/ready.ts';
import type { Runner, RunnerDirectory } from '../runners.ts';

/** How long a job's turn may be passed over before a runner is kept for it. */
export const RESERVE_AFTER_MS = 5000;
/** A job that was not passed over for this long waits no more. */
const FORGOTTEN_AFTER_MS = 30_000;

interface Reservation {
  since: number;
  seenAt: number;
  runner: string | null;
}

const reservations = new WeakMap<RunnerDirectory, Map<string, Reservation>>();

function reservationsOf(runners: RunnerDirectory): Map<string, Reservation> {
  let known = reservations.get(runners);
  if (known === undefined) reservations.set(runners, (known = new Map()));
  return known;
}

/** Tasks of a job that ask for more than its others wait on their own. */
export function waitingKey(job: number, asks: ReadyClass): string {
  return `${job}/${asks.alone}/${asks.memoryBytes}`;
}

/** Notes that a job's turn was passed over on a runner; true when that runner is kept for it. */
export function isKeptFor(
  runners: RunnerDirectory,
  runner: Runner,
  job: string,
  now: number,
): boolean {
  const known = reservationsOf(runners);
  for (const [no, { seenAt }] of known) if (now - seenAt > FORGOTTEN_AFTER_MS) known.delete(no);
  const entry = known.get(job) ?? { since: now, seenAt: now, runner: null };
  known.set(job, entry);
  entry.seenAt = now;
  if (now - entry.since < RESERVE_AFTER_MS) return false;
  const isThere = runners.list(now).some(({ id }) => id === entry.runner);
  if (!isThere) entry.runner = runner.id;
  return entry.runner === runner.id;
}

/** The job got a task somewhere: its wait begins anew. */
export function endReservation(runners: RunnerDirectory, job: string): void {
  reservationsOf(runners).delete(job);
}
