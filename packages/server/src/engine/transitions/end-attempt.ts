import type { AttemptReason, ReportedStats } from '@bytenite/contract';
import { isBudgetExceeded } from '../../domain/job-progress.ts';
import { isTerminal } from '../../domain/job-state.ts';
import type { RetryPolicy } from '../../domain/task-end.ts';
import { decideTaskEnd, isFree, type TaskEnd } from '../../domain/task-end.ts';
import { toleratedOf } from '../../domain/tolerance.ts';
import { hasSibling } from '../../store/leases.ts';
import { insertReady, isWaiting } from '../../store/ready.ts';
import { updateJob } from '../../store/jobs.ts';
import { insertEvents } from '../../store/records.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, LeaseRow, TaskRow } from '../../store/tables.ts';
import { findTask, insertAttempts, updateEndedTask } from '../../store/tasks.ts';
import type { JobPolicy } from '../job-policy.ts';
import { finishChunks } from './commit-results.ts';
import { decideDemand, withNote } from './demand.ts';
import { endJob } from './end-job.ts';
import { priceOfRun } from './lease-price.ts';

export interface AttemptEnd {
  reason: AttemptReason;
  exitCode: number | null;
  errorMessage: string;
  receivedAt: number | null;
  startedAt: number | null;
  endedAt: number;
  /** Null when nobody could tell. */
  stats: ReportedStats | null;
}

/** Where attempts of one task end together the latest decides, so that a retry has a number of its own. */
export function latestAttemptFirst(a: LeaseRow, b: LeaseRow): number {
  return b.attempt - a.attempt;
}

/** What the operator, chance and the clock say about what follows. */
export interface EndOptions {
  backoff: RetryPolicy['backoff'];
  aloneAfter: number;
  random: number;
  now: number;
  /** No task gets more memory than this because it ran out of it. */
  memoryCapBytes: number;
}

/**
 * Records an attempt that did not commit, whose lease has been taken, and does what follows: wait for a
 * retry, or fail the task and with it the job. One path for failures, timeouts, losses and expiry.
 */
export async function endAttempt(
  tx: Tx,
  job: JobRow,
  policy: JobPolicy,
  lease: LeaseRow,
  reported: AttemptEnd,
  options: EndOptions,
): Promise<JobRow> {
  const price = isFree(reported.reason)
    ? 0
    : priceOfRun(policy, lease.kind, reported.startedAt, reported.endedAt);
  // The job ended with an attempt before this one: this one is only recorded and priced.
  if (isTerminal(job.state)) {
    await recordAttempt(tx, lease, reported);
    return addPrice(tx, job, price);
  }
  const task = await findTask(tx, job.no, lease);
  if (task === undefined || task.state !== 'open') {
    await recordAttempt(tx, lease, reported);
    return job;
  }
  // Another attempt that still runs, or the retry that one has left, decides; this one ends only itself.
  const decision =
    (await hasSibling(tx, lease)) || (await isWaiting(tx, lease))
      ? null
      : decideTaskEnd(task, reported, { ...policy.config, ...options }, options.random);
  const demand = decideDemand(policy, lease, reported, decision, options.memoryCapBytes);
  const end = { ...reported, errorMessage: withNote(reported.errorMessage, demand.note) };
  await recordAttempt(tx, lease, end);
  await updateTask(tx, task, lease, end, { decision, price });
  await insertEvents(tx, [taskEvent(job, lease, options.now)]);
  const current = await addPrice(tx, job, price);
  if (decision === null) return current;
  if (decision.next === 'fail') return failTask(tx, current, policy, lease, end, options.now);
  await insertReady(tx, [
    {
      job: job.no,
      kind: lease.kind,
      run: lease.run,
      chunk: lease.chunk,
      attempt: Math.max(task.attempts, lease.attempt) + 1,
      ready_at: options.now + decision.delayMs,
      memory_bytes: demand.raised,
      alone: Number(decision.alone),
    },
  ]);
  return current;
}

async function recordAttempt(tx: Tx, lease: LeaseRow, end: AttemptEnd): Promise<void> {
  await insertAttempts(tx, [
    {
      job: lease.job,
      kind: lease.kind,
      run: lease.run,
      chunk: lease.chunk,
      attempt: lease.attempt,
      runner: lease.runner,
      started_at: end.startedAt,
      ended_at: end.endedAt,
      exit_code: end.exitCode,
      reason: end.reason,
      error_message: end.errorMessage,
    },
  ]);
}

async function updateTask(
  tx: Tx,
  task: TaskRow,
  lease: LeaseRow,
  end: AttemptEnd,
  { decision, price }: { decision: TaskEnd | null; price: number },
): Promise<void> {
  const loss = isFree(end.reason) ? 1 : 0;
  await updateEndedTask(tx, task, {
    state: decision?.next === 'fail' ? 'failed' : 'open',
    attempts: Math.max(task.attempts, lease.attempt),
    retries: task.retries + (decision?.next === 'retry' && decision.usesRetry ? 1 : 0),
    losses: task.losses + loss,
    runner: lease.runner,
    assigned_at: lease.assigned_at,
    received_at: end.receivedAt,
    started_at: end.startedAt,
    ended_at: end.endedAt,
    reason: end.reason,
    error_message: end.errorMessage,
    price: task.price + price,
    stats: end.stats === null ? null : JSON.stringify(end.stats),
  });
}

async function addPrice(tx: Tx, job: JobRow, price: number): Promise<JobRow> {
  if (price === 0) return job;
  return (await updateJob(tx, job, { price: job.price + price })) ?? job;
}

function taskEvent(job: JobRow, lease: LeaseRow, now: number) {
  const body = { kind: lease.kind, run: lease.run, chunks: [lease.chunk] };
  return {
    account: job.account,
    job: job.no,
    at: now,
    type: 'task' as const,
    body: JSON.stringify(body),
  };
}

const ENGINE_FAILURES = {
  PARTITIONER: { reason: 'PARTITIONER_FAILED', name: 'partitioner' },
  ASSEMBLER: { reason: 'ASSEMBLER_FAILED', name: 'assembler' },
} as const;

/** A task that is finally failed fails its job at once; a chunk does so where no more are tolerated. */
async function failTask(
  tx: Tx,
  job: JobRow,
  policy: JobPolicy,
  lease: LeaseRow,
  end: AttemptEnd,
  now: number,
): Promise<JobRow> {
  if (lease.kind === 'APP') return failChunk(tx, job, policy, lease, end, now);
  const { reason, name } = ENGINE_FAILURES[lease.kind];
  const message = `${name}: ${end.errorMessage}`;
  return endJob(tx, job, policy, { state: 'FAILED', reason, message }, now);
}

async function failChunk(
  tx: Tx,
  job: JobRow,
  policy: JobPolicy,
  lease: LeaseRow,
  end: AttemptEnd,
  now: number,
): Promise<JobRow> {
  const counted = (await updateJob(tx, job, { failed: job.failed + 1 })) ?? job;
  const { toleratedFailures } = policy.config;
  if (!isBudgetExceeded(counted, toleratedFailures)) return finishChunks(tx, counted, now);
  const { failed, num_chunks: all } = counted;
  const budget =
    toleratedFailures === ''
      ? ''
      : ` (${failed} of ${all} chunks failed, ${toleratedOf(toleratedFailures, all)} tolerated)`;
  const message = `chunk ${lease.chunk}: ${end.errorMessage}${budget}`;
  return endJob(tx, counted, policy, { state: 'FAILED', reason: 'TASK_FAILED', message }, now);
}
