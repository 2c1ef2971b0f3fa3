import type { Context } from '../context.ts';
import { eachOrLog } from './each.ts';
import { sweepAccessTokens } from '../engine/auth/sweep-tokens.ts';
import { discardPrefix } from '../engine/discard.ts';
import { dataPrefix } from '../engine/job-keys.ts';
import { forgetKeys } from '../engine/once.ts';
import { isTerminal } from '../domain/job-state.ts';
import { expiredJobs, lockJob, updateJob } from '../store/jobs.ts';
import { deletePins, dropRevision, unneededRevisions } from '../store/packages.ts';
import {
  deleteEventsBefore,
  deleteGarbage,
  deleteJobRecords,
  dueGarbage,
  insertGarbage,
  takeGarbage,
} from '../store/records.ts';
import { forgetCacheListings } from '../store/cache-listings.ts';
import { forgetRunnersBefore } from '../store/runners.ts';

const PER_ROUND = 100;
/** What a server took and did not delete is another's after this. */
const GARBAGE_MS = 60_000;
const ROWS_PER_ROUND = 5000;
/** Whoever found a component just before it was deleted has read its package by then. */
const READ_MS = 10 * 60_000;

/** Marks data of jobs that ended long ago as expired, under the job's lock; deletion comes after. */
export async function expireJobData(ctx: Context): Promise<boolean> {
  const endedBefore = ctx.now() - ctx.config.retentionMs;
  const jobs = await expiredJobs(ctx.store.db, endedBefore, PER_ROUND);
  const expired = await eachOrLog(jobs, ctx.logger, (no) =>
    ctx.store.transact(async (tx) => {
      const job = await lockJob(tx, no);
      if (job === undefined || !isTerminal(job.state) || job.data_state !== 'kept') return;
      // It may have been run again and have ended meanwhile.
      if (job.ended_at === null || job.ended_at > endedBefore) return;
      await updateJob(tx, job, { data_state: 'expired' });
      await discardPrefix(tx, dataPrefix(no), ctx.now());
      // It cannot be retried any more.
      await deletePins(tx, no);
    }),
  );
  return expired === PER_ROUND;
}

/** Deletes what rows in `gc` name: blobs first, then the rows of a job that is gone, then the row. */
export async function collectGarbage(ctx: Context): Promise<boolean> {
  // A backup goes on copying what its snapshot names.
  if (await ctx.backups.expire(ctx.now())) return false;
  const garbage = await garbageOf(ctx);
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

/** Servers that share a database do not delete the same. */
function garbageOf({ store, now }: Context): Promise<{ id: number; prefix: string }[]> {
  if (store.shared === null) return dueGarbage(store.db, now(), PER_ROUND);
  return takeGarbage(store.db, now(), { limit: PER_ROUND, untilMs: GARBAGE_MS });
}

/** Names packages of deleted components as garbage, once no job can run them any more. */
export async function collectPackages(ctx: Context): Promise<boolean> {
  const deletedBefore = ctx.now() - READ_MS;
  const revisions = await unneededRevisions(ctx.store.db, deletedBefore, PER_ROUND);
  const collected = await eachOrLog(revisions, ctx.logger, (revision) =>
    ctx.store.transact(async (tx) => {
      const key = await dropRevision(tx, revision, deletedBefore);
      if (key !== undefined) await insertGarbage(tx, key, ctx.now());
    }),
  );
  return collected === PER_ROUND;
}

/** A runner that was gone for this long is not expected back. */
const RUNNER_FORGOTTEN_MS = 7 * 24 * 3600 * 1000;

/** Forgets old events, ended access tokens and runners that are gone. */
export async function forget(ctx: Context): Promise<boolean> {
  await sweepAccessTokens(ctx);
  await forgetKeys(ctx);
  await forgetCacheListings(ctx.store.db);
  await forgetRunnersBefore(ctx.store.db, ctx.now() - RUNNER_FORGOTTEN_MS, ROWS_PER_ROUND);
  const before = ctx.now() - ctx.config.eventRetentionMs;
  return (await deleteEventsBefore(ctx.store.db, before, ROWS_PER_ROUND)) === ROWS_PER_ROUND;
}
