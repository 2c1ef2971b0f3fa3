import type { Context } from '../context.ts';
import { eachOrLog } from './each.ts';
import { sweepAccessTokens } from '../engine/auth/sweep-tokens.ts';
import { discardPrefix } from '../engine/discard.ts';
import { dataPrefix } from '../engine/job-keys.ts';
import { isTerminal } from '../domain/job-state.ts';
import { expiredJobs, lockJob, updateJob } from '../store/jobs.ts';
import {
  deleteEventsBefore,
  deleteGarbage,
  deleteJobRecords,
  dueGarbage,
} from '../store/records.ts';

const PER_ROUND = 100;
const ROWS_PER_ROUND = 5000;

/** Marks data of jobs that ended long ago as expired, under the job's lock; deletion comes after. */
export async function expireJobData(ctx: Context): Promise<boolean> {
  const jobs = await expiredJobs(ctx.store.db, ctx.now() - ctx.config.retentionMs, PER_ROUND);
  const expired = await eachOrLog(jobs, ctx.logger, (no) =>
    ctx.store.transact(async (tx) => {
      const job = await lockJob(tx, no);
      if (job === undefined || !isTerminal(job.state) || job.data_state !== 'kept') return;
      await updateJob(tx, job, { data_state: 'expired' });
      await discardPrefix(tx, dataPrefix(no), ctx.now());
    }),
  );
  return expired === PER_ROUND;
}

/** Deletes what rows in `gc` name: blobs first, then the rows of a job that is gone, then the row. */
export async function collectGarbage(ctx: Context): Promise<boolean> {
  const garbage = await dueGarbage(ctx.store.db, ctx.now(), PER_ROUND);
  const collected = await eachOrLog(garbage, ctx.logger, async ({ id, prefix }) => {
    await ctx.blobs.deletePrefix(prefix);
    const job = /^job\/(\d+)$/.exec(prefix)?.[1];
    while (
      job !== undefined &&
      (await deleteJobRecords(ctx.store.db, Number(job), ROWS_PER_ROUND))
    );
    await deleteGarbage(ctx.store.db, id);
  });
  return collected === PER_ROUND;
}

/** Forgets old events and ended access tokens. */
export async function forget(ctx: Context): Promise<boolean> {
  await sweepAccessTokens(ctx);
  const before = ctx.now() - ctx.config.eventRetentionMs;
  return (await deleteEventsBefore(ctx.store.db, before, ROWS_PER_ROUND)) === ROWS_PER_ROUND;
}
