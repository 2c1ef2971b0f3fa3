import { notFound, precondition } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { isTerminal } from '../../domain/job-state.ts';
import { deleteJobRow, lockJob } from '../../store/jobs.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { discardPrefix } from '../discard.ts';
import { jobPrefix } from '../job-keys.ts';
import { policyOf } from '../job-policy.ts';
import { endJob } from '../transitions/end-job.ts';
import { jobOf } from './draft.ts';

/** Stops a running job; a draft is deleted. */
export async function abortJob(ctx: Context, account: Account, id: string): Promise<void> {
  const seen = await jobOf(ctx, account, id);
  await ctx.store.transact(async (tx) => {
    const job = await lockJob(tx, seen.no);
    if (job === undefined) throw notFound('job');
    if (isTerminal(job.state)) throw precondition('job has already ended');
    if (job.state === 'NEW') return removeJob(ctx, tx, job);
    const policy = await policyOf(ctx, tx, job.no, job.run);
    const end = { state: 'FAILED', reason: 'ABORTED', message: 'aborted by user' } as const;
    await endJob(tx, job, policy, end, ctx.now());
  });
  ctx.signals.notify('event');
}

/** Deletes a job that does not run, and its data. */
export async function deleteJob(ctx: Context, account: Account, id: string): Promise<void> {
  const seen = await jobOf(ctx, account, id);
  await ctx.store.transact(async (tx) => {
    const job = await lockJob(tx, seen.no);
    if (job === undefined) throw notFound('job');
    if (job.state !== 'NEW' && !isTerminal(job.state)) {
      throw precondition('job is running, abort it first');
    }
    await removeJob(ctx, tx, job);
  });
}

/** The row goes at once; its tasks, logs and blobs are collected behind it. */
async function removeJob(ctx: Context, tx: Tx, job: JobRow): Promise<void> {
  await deleteJobRow(tx, job.no);
  await discardPrefix(tx, jobPrefix(job.no), ctx.now());
}
