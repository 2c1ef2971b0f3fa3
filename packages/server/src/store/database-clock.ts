/** The database's clock, told without asking it each time: its distance from ours is measured now and then. */
import { sql } from 'kysely';
import type { Db } from './store.ts';

export interface DatabaseClock {
  now: () => number;
  close: () => void;
}

const MEASURE_MS = 5000;
/** Worst drift between two quartz clocks that is worth correcting. */
const DRIFT_PER_MS = 1 / 10_000;

/** What must be added to the steady clock, give or take an error, when it was measured. */
export interface Sample {
  offset: number;
  errorMs: number;
  at: number;
}

/**
 * Between two measurements the clock goes on with the machine's steady one, which nobody sets; so it does
 * while the database does not answer.
 */
export async function openDatabaseClock(db: Db): Promise<DatabaseClock> {
  let known = await measure(db);
  const timer = setInterval(() => {
    measure(db).then(
      (next) => {
        known = betterOf(known, next);
      },
      // The next one will tell; whoever needs the database hears of it from there.
      () => undefined,
    );
  }, MEASURE_MS);
  timer.unref();
  return {
    now: () => Math.floor(performance.now() + known.offset),
    close: () => clearInterval(timer),
  };
}

/**
 * A question that took long, such as one in which this process stood still, is a poor measurement and is passed
 * over; unless the two cannot both be right, for then the database's clock was set.
 */
export function betterOf(known: Sample, next: Sample): Sample {
  const knownErrorMs = known.errorMs + (next.at - known.at) * DRIFT_PER_MS;
  const wasSet = Math.abs(next.offset - known.offset) > knownErrorMs + next.errorMs;
  return wasSet || next.errorMs <= knownErrorMs ? next : known;
}

/** What must be added to the steady clock, read in the middle of the question. */
function measure(db: Db): Promise<Sample> {
  // On a connection that is there: the wait for a free one would count as the way of the question.
  return db.connection().execute(async (connection) => {
    const before = performance.now();
    const { rows } = await sql<{ now: number }>`
      select cast(extract(epoch from clock_timestamp()) * 1000 as double precision) as now`.execute(
      connection,
    );
    const after = performance.now();
    const { now } = rows[0] ?? {};
    if (now === undefined) throw new Error('the database did not tell its time');
    return { offset: now - (before + after) / 2, errorMs: (after - before) / 2, at: after };
  });
}
