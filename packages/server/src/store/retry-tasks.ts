/** The tasks of a job that is run again: what is committed is never touched. */
import type { ChunkRange } from '../domain/chunk-ranges.ts';
import type { Tx } from './store.ts';

/** The first committed chunk of a range. */
export async function firstCommitted(
  tx: Tx,
  job: number,
  range: ChunkRange,
): Promise<number | undefined> {
  const row = await tx
    .selectFrom('task')
    .select('chunk')
    .where('job', '=', job)
    .where('kind', '=', 'APP')
    .where('run', '=', 0)
    .where('chunk', '>=', range.first)
    .where('chunk', '<=', range.last)
    .where('state', '=', 'committed')
    .orderBy('chunk')
    .limit(1)
    .executeTakeFirst();
  return row?.chunk;
}

/** Chunks that are left out of a retry stay without a result: what was cut off has failed for good. */
export async function failOpenTasks(tx: Tx, job: number, now: number): Promise<void> {
  await tx
    .updateTable('task')
    .set((e) => ({
      state: 'failed',
      reason: e
        .case()
        .when('reason', '=', '')
        .then('ABORTED' as const)
        .else(e.ref('reason'))
        .end(),
      error_message: e
        .case()
        .when('error_message', '=', '')
        .then('left out when the job was run again')
        .else(e.ref('error_message'))
        .end(),
      ended_at: e.fn.coalesce('ended_at', e.val(now)),
    }))
    .where('job', '=', job)
    .where('kind', '=', 'APP')
    .where('run', '=', 0)
    .where('state', '=', 'open')
    .execute();
}

/** Opens the failed chunks of a range anew, with all their retries. */
export async function reopenTasks(tx: Tx, job: number, range: ChunkRange): Promise<void> {
  await tx
    .updateTable('task')
    .set({ state: 'open', retries: 0, losses: 0 })
    .where('job', '=', job)
    .where('kind', '=', 'APP')
    .where('run', '=', 0)
    .where('chunk', '>=', range.first)
    .where('chunk', '<=', range.last)
    .where('state', '!=', 'committed')
    .execute();
}

/** Lets the open chunks of a range wait outside the cursor; each attempt has a number of its own. */
export async function awaitTasks(
  tx: Tx,
  job: number,
  range: ChunkRange,
  readyAt: number,
): Promise<void> {
  await tx
    .insertInto('ready')
    .columns(['job', 'kind', 'run', 'chunk', 'attempt', 'ready_at'])
    .expression((e) =>
      e
        .selectFrom('task')
        .select((s) => [
          'task.job',
          'task.kind',
          'task.run',
          'task.chunk',
          s(
            s.fn.coalesce(
              s
                .selectFrom('attempt')
                .select((a) => a.fn.max('attempt.attempt').as('last'))
                .whereRef('attempt.job', '=', 'task.job')
                .whereRef('attempt.kind', '=', 'task.kind')
                .whereRef('attempt.run', '=', 'task.run')
                .whereRef('attempt.chunk', '=', 'task.chunk'),
              s.lit(0),
            ),
            '+',
            s.lit(1),
          ).as('attempt'),
          s.val(readyAt).as('ready_at'),
        ])
        .where('task.job', '=', job)
        .where('task.kind', '=', 'APP')
        .where('task.run', '=', 0)
        .where('task.chunk', '>=', range.first)
        .where('task.chunk', '<=', range.last)
        .where('task.state', '=', 'open'),
    )
    .execute();
}

/** A job that starts over may have recorded some of its chunks already. */
export async function deleteChunks(tx: Tx, job: number): Promise<void> {
  await tx.deleteFrom('task').where('job', '=', job).where('kind', '=', 'APP').execute();
}
