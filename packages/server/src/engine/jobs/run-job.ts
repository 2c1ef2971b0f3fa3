import { notFound, precondition, type JobConfigInput } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { checkConfig } from '../../domain/job-config.ts';
import { effectiveConfig, type JobDoc } from '../../domain/job-doc.ts';
import { lockJob, readJobDoc, updateJobDoc } from '../../store/jobs.ts';
import { insertPins } from '../../store/records.ts';
import { insertStep } from '../../store/steps.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { checkQueue } from '../fairness/check-queue.ts';
import { setPriority } from '../fairness/set-priority.ts';
import { checkBalance } from '../wallet/balance.ts';
import { transactOnce, type Once } from '../once.ts';
import { enterState } from '../transitions/enter-state.ts';
import { requireSpace } from '../require-space.ts';
import { ALREADY_STARTED, draftOf } from './draft.ts';
import { checkStart, checkUpload, pinComponents, pinRows, withConfig } from './start-checks.ts';

/**
 * Validates a draft in the contract's order, pins the revisions it will run, and starts it. A failure
 * leaves the draft as it was.
 */
export async function runJob(
  ctx: Context,
  account: Account,
  id: string,
  config: JobConfigInput,
  once: Once<void> | null = null,
): Promise<void> {
  const draft = await draftOf(ctx, account, id);
  await requireSpace(ctx);
  checkConfig(config);
  await checkStart(ctx, account.id, withConfig(draft.doc, config), draft.job.no);
  await transactOnce(ctx, once, async (tx) => {
    const locked = await lockJob(tx, draft.job.no);
    if (locked === undefined) throw notFound('job');
    if (locked.state !== 'NEW') throw precondition(ALREADY_STARTED);
    const job = await setPriority(tx, locked, config);
    // What was validated may have changed meanwhile: what is started is what the draft is now.
    const doc = withConfig(await readJobDoc(tx, job.no), config);
    await startDraft(ctx, tx, account, job, doc);
  });
  ctx.signals.notify('step');
  ctx.signals.notify('event');
}

/** Starts a locked draft that was checked. */
export async function startDraft(
  ctx: Context,
  tx: Tx,
  account: Account,
  job: JobRow,
  doc: JobDoc,
): Promise<JobRow> {
  await checkUpload(tx, job.no, doc);
  const pinned = await pinComponents(tx, account.id, doc);
  await checkBalance(ctx, tx, account.id, effectiveConfig(doc));
  await checkQueue(ctx, tx, account.id);
  await updateJobDoc(tx, job.no, { ...doc, pinned });
  await insertPins(tx, pinRows(job.no, pinned));
  const now = ctx.now();
  const { jobTimeout } = effectiveConfig(doc);
  const started = await enterState(tx, job, 'STARTED', now, {
    submitted_at: now,
    deadline_at: jobTimeout > 0 ? now + jobTimeout * 1000 : null,
  });
  await insertStep(tx, { job: job.no, run: job.run, name: 'source', readyAt: now });
  return started;
}
