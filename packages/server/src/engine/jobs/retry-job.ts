import {
  notFound,
  precondition,
  type JobConfigInput,
  type JobState,
  type RetryInput,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseChunks, sizeOf, type ChunkRange } from '../../domain/chunk-ranges.ts';
import { checkConfig } from '../../domain/job-config.ts';
import { effectiveConfig, type JobDoc } from '../../domain/job-doc.ts';
import { decideRetry } from '../../domain/retry.ts';
import { toleratedOf } from '../../domain/tolerance.ts';
import { lockJob, readJobDoc, updateJobDoc } from '../../store/jobs.ts';
import { deletePins } from '../../store/packages.ts';
import { insertPins } from '../../store/records.ts';
import {
  awaitTasks,
  deleteChunks,
  failOpenTasks,
  firstCommitted,
  reopenTasks,
} from '../../store/retry-tasks.ts';
import { insertStep } from '../../store/steps.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { checkQueue } from '../fairness/check-queue.ts';
import { setPriority } from '../fairness/set-priority.ts';
import { transactOnce, type Once } from '../once.ts';
import { requireSpace } from '../require-space.ts';
import { findUsableSecrets } from '../secrets/grant-secrets.ts';
import { checkBalance } from '../wallet/balance.ts';
import { finishChunks } from '../transitions/commit-results.ts';
import { restartJob } from '../transitions/restart-job.ts';
import { secretNotFound } from './check-secrets.ts';
import { jobOf } from './draft.ts';
import { checkStart, pinComponents, pinRows, withConfig } from './start-checks.ts';

/**
 * Runs an ended job again: its next run keeps what is committed, runs the other chunks with all their
 * retries, and assembles and delivers anew. All of it or nothing, under the job's lock: a job that has not
 * ended, or whose data expires first, is refused.
 */
export async function retryJob(
  ctx: Context,
  account: Account,
  id: string,
  input: RetryInput,
  once: Once<void> | null = null,
): Promise<void> {
  const seen = await jobOf(ctx, account, id);
  await requireSpace(ctx);
  const config = input.config ?? {};
  checkConfig(config);
  fromOf(ctx, seen);
  await checkComponents(ctx, account, seen, input);
  await transactOnce(ctx, once, async (tx) => {
    const locked = await lockJob(tx, seen.no);
    if (locked === undefined) throw notFound('job');
    const from = fromOf(ctx, locked);
    const job = await setPriority(tx, locked, config);
    const doc = await nextDoc(tx, account, job, config, input.useLatest === true);
    await checkBalance(ctx, tx, account.id, effectiveConfig(doc));
    await checkQueue(ctx, tx, account.id);
    const { jobTimeout } = effectiveConfig(doc);
    const now = ctx.now();
    const deadline = { deadline_at: jobTimeout > 0 ? now + jobTimeout * 1000 : null };
    if (from === 'STARTED') await startOver(tx, job, input.chunks, deadline, now);
    else await runChunks(tx, job, doc, input.chunks, deadline, now);
  });
  for (const topic of ['step', 'runnable', 'event'] as const) ctx.signals.notify(topic);
}

function fromOf(ctx: Context, job: JobRow): 'STARTED' | 'PARTITIONED' {
  const times = JSON.parse(job.state_times) as Partial<Record<JobState, number>>;
  const expiresAt = (job.ended_at ?? ctx.now()) + ctx.config.retentionMs;
  const decision = decideRetry({
    state: job.state,
    failed: job.failed,
    isPartitioned: times.PARTITIONED !== undefined,
    isDataKept: job.data_state === 'kept' && ctx.now() < expiresAt,
  });
  if ('refusal' in decision) throw precondition(decision.refusal);
  return decision.from;
}

/** As before a first run; a job that keeps its revisions has been through that, but secrets come and go. */
async function checkComponents(
  ctx: Context,
  account: Account,
  job: JobRow,
  { config = {}, useLatest }: RetryInput,
): Promise<void> {
  const doc = withConfig(await readJobDoc(ctx.store.db, job.no), config);
  if (useLatest === true) return checkStart(ctx, account.id, doc, job.no);
  const ids = Object.values(doc.pinned ?? {}).flatMap((pinned) => pinned?.secrets ?? []);
  const { missing } = await findUsableSecrets(ctx, account.id, ids);
  if (missing !== null) throw secretNotFound(missing);
}

async function nextDoc(
  tx: Tx,
  account: Account,
  job: JobRow,
  config: JobConfigInput,
  useLatest: boolean,
): Promise<JobDoc> {
  const doc = withConfig(await readJobDoc(tx, job.no), config);
  if (!useLatest) {
    await updateJobDoc(tx, job.no, doc);
    return doc;
  }
  const pinned = await pinComponents(tx, account.id, doc);
  await updateJobDoc(tx, job.no, { ...doc, pinned });
  await deletePins(tx, job.no);
  await insertPins(tx, pinRows(job.no, pinned));
  return { ...doc, pinned };
}

type Deadline = Pick<JobRow, 'deadline_at'>;

async function startOver(
  tx: Tx,
  job: JobRow,
  chunks: string | undefined,
  deadline: Deadline,
  now: number,
): Promise<void> {
  if (chunks !== undefined) {
    throw precondition('the job failed before it had chunks: leave chunks out to start it over');
  }
  await deleteChunks(tx, job.no);
  const counters = { num_chunks: 0, cursor: 0, committed: 0, failed: 0, started_at: null };
  const next = await restartJob(tx, job, 'STARTED', now, { ...deadline, ...counters });
  await insertStep(tx, { job: next.no, run: next.run, name: 'source', readyAt: now });
}

async function runChunks(
  tx: Tx,
  job: JobRow,
  doc: JobDoc,
  chunks: string | undefined,
  deadline: Deadline,
  now: number,
): Promise<void> {
  if (chunks === undefined) {
    const all = { first: 0, last: job.num_chunks - 1 };
    await reopenTasks(tx, job.no, all);
    // Those that were never claimed are still the cursor's.
    await awaitTasks(tx, job.no, { first: 0, last: job.cursor - 1 }, now);
    await finishChunks(
      tx,
      await restartJob(tx, job, 'PARTITIONED', now, { ...deadline, failed: 0 }),
      now,
    );
    return;
  }
  const ranges = parseChunks(chunks, job.num_chunks);
  await checkUncommitted(tx, job, ranges);
  const failed = job.num_chunks - job.committed - sizeOf(ranges);
  checkLeftOut(job, doc, failed);
  await failOpenTasks(tx, job.no, now);
  for (const range of ranges) {
    await reopenTasks(tx, job.no, range);
    await awaitTasks(tx, job.no, range, now);
  }
  const counters = { failed, cursor: job.num_chunks };
  await restartJob(tx, job, 'PARTITIONED', now, { ...deadline, ...counters });
}

async function checkUncommitted(tx: Tx, job: JobRow, ranges: readonly ChunkRange[]): Promise<void> {
  for (const range of ranges) {
    const chunk = await firstCommitted(tx, job.no, range);
    if (chunk === undefined) continue;
    throw precondition(
      `chunk ${chunk} has a result, which is kept: name only chunks without one, or leave chunks out`,
    );
  }
}

/** Whoever leaves chunks out must be able to do without them: else the job could only fail. */
function checkLeftOut(job: JobRow, doc: JobDoc, leftOut: number): void {
  const { toleratedFailures } = effectiveConfig(doc);
  if (leftOut <= toleratedOf(toleratedFailures, job.num_chunks)) return;
  throw precondition(
    `${leftOut} chunks without a result would be left out, and config.toleratedFailures is ${JSON.stringify(toleratedFailures)}: name them too, or tolerate ${leftOut}`,
  );
}
