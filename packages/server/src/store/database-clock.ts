/** The database's clock, told without asking it each time: its distance from ours is measured now and then. */
import { sql } from 'kysely';
import type { Db } from './store.ts';

export interface DatabaseClock {
  now: () => number;
  close: () => void;
}

const MEASURE_MS = 5000;

/**
 * Between two measurements the clock goes on with the machine's steady one, which nobody sets; so it does
 * while the database does not answer.
 */
export async function openDatabaseClock(db: Db): Promise<DatabaseClock> {
  let offset = await measure(db);
  const timer = setInterval(() => {
    measure(db).then(
      (measured) => {
        offset = measured;
      },
      // The next one will tell; whoever needs the database hears of it from there.
      () => undefined,
    );
  }, MEASURE_MS);
  timer.unref();
  return {
    now: () => Math.floor(performance.now() + offset),
    close: () => clearInterval(timer),
  };
}

/** What must be added to the steady clock, read in the middle of the question. */
function measure(db: Db): Promise<number> {
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
    return now - (before + after) / 2;
  });
}
