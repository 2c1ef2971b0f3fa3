/** What is read to find the last running tasks of a job. */
import type { Db } from './store.ts';
import type { JobRow, LeaseRow } from './tables.ts';

/** Jobs whose chunks have all been given out while not all have ended: the oldest first. */
export async function jobsWithoutUnclaimed(db: Db, limit: number): Promise<JobRow[]> {
  return db
    .selectFrom('job')
    .selectAll()
    .where('state', '=', 'PARTITIONED')
    .where((e) => e('cursor', '=', e.ref('num_chunks')))
    .orderBy('no')
    .limit(limit)
    .execute();
}

/** How long committed chunks of a job ran, in ms: of the first so many. */
export async function durationsOf(db: Db, job: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('task')
    .select((e) => e('ended_at', '-', e.ref('started_at')).as('ms'))
    .where('job', '=', job)
    .where('kind', '=', 'APP')
    .where('state', '=', 'committed')
    .where('started_at', 'is not', null)
    .limit(limit)
    .execute();
  return rows.map(({ ms }) => Number(ms));
}

export interface Late {
  startedBefore: number;
  /** A runner. */
  notOn: string;
  /** No more than this; a task that was given more needs it. */
  memoryBytes: number;
}

/**
 * Running attempts of a job's chunks that began before a moment, the longest running first. None on this runner, none
 * that has its runner for itself, none of a chunk with another live attempt, and none of a chunk that had a second
 * attempt before: attempts have been numbered then that neither retries nor losses explain.
 */
export async function lateLeases(
  db: Db,
  job: number,
  { startedBefore, notOn, memoryBytes }: Late,
  limit: number,
): Promise<LeaseRow[]> {
  return db
    .selectFrom('lease')
    .selectAll('lease')
    .innerJoin('task', (join) =>
      join
        .onRef('task.job', '=', 'lease.job')
        .onRef('task.kind', '=', 'lease.kind')
        .onRef('task.run', '=', 'lease.run')
        .onRef('task.chunk', '=', 'lease.chunk'),
    )
    .where('lease.job', '=', job)
    .where('lease.kind', '=', 'APP')
    .where('lease.started_at', '<=', startedBefore)
    .where('lease.runner', '!=', notOn)
    .where('lease.memory_bytes', '<=', memoryBytes)
    .where('lease.alone', '=', 0)
    .where('task.state', '=', 'open')
    .where((e) => e('task.attempts', '=', e('task.retries', '+', e.ref('task.losses'))))
    .where((e) => e('lease.attempt', '=', e('task.attempts', '+', 1)))
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('lease as other')
            .select('other.id')
            .whereRef('other.job', '=', 'lease.job')
            .whereRef('other.chunk', '=', 'lease.chunk')
            .whereRef('other.kind', '=', 'lease.kind')
            .whereRef('other.run', '=', 'lease.run')
            .whereRef('other.id', '!=', 'lease.id'),
        ),
      ),
    )
    .orderBy('lease.started_at')
    .limit(limit)
    .execute();
}
