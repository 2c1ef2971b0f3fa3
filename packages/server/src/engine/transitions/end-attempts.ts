import type { AttemptReason, ReportedStats } from '@bytenite/contract';
import { isBudgetExceeded } from '../../domain/job-progress.ts';
import { isTerminal } from '../../domain/job-state.ts';
import type { RetryPolicy, TaskEnd } from '../../domain/task-end.ts';
import { decideTaskEnd, isFree } from '../../domain/task-end.ts';
import { keyOfTask } from '../../domain/task-id.ts';
import { toleratedOf } from '../../domain/tolerance.ts';
import { updateJob } from '../../store/jobs.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, LeaseRow, TaskRow } from '../../store/tables.ts';
import { findTasks } from '../../store/tasks.ts';
import type { JobPolicy } from '../job-policy.ts';
import { finishChunks } from './commit-results.ts';
import { decideDemand, withNote } from './demand.ts';
import { endJob } from './end-job.ts';
import { EndRows } from './end-rows.ts';
import { priceOfRun } from './lease-price.ts';
import { tasksGoingOn } from './tasks-going-on.ts';

export interface AttemptEnd {
  reason: AttemptReason;
  exitCode: number | null;
  errorMessage: string;
  receivedAt: number | null;
  startedAt: number | null;
  endedAt: number;
  /** Null when nobody could tell. */
  stats: ReportedStats | null;
  /** Its runner lives and never knew of it. */
  isUnheardOf?: boolean;
}

/** An attempt that did not commit, and whose lease has been taken. */
export interface EndedAttempt {
  lease: LeaseRow;
  end: AttemptEnd;
}

/** What the operator, chance and the clock say about what follows. */
export interface EndOptions {
  backoff: RetryPolicy['backoff'];
  aloneAfter: number;
  random: () => number;
  now: number;
  /** No task gets more memory than this because it ran out of it. */
  memoryCapBytes: number;
}

/**
 * Records attempts that did not commit, of one job, and does what follows: wait for a retry, or fail the task
 * and with it the job. One path for failures, timeouts, losses and expiry. What the attempts leave is written
 * together, and before anything that ends the job.
 */
export async function endAttempts(
  tx: Tx,
  job: JobRow,
  policy: JobPolicy,
  ended: readonly EndedAttempt[],
  options: EndOptions,
): Promise<JobRow> {
  const leases = ended.map(({ lease }) => lease);
  const rows = new EndRows();
  const tasks = new Map(
    (await findTasks(tx, job.no, leases)).map((task) => [keyOfTask(task), task]),
  );
  const goingOn = await tasksGoingOn(tx, job.no, leases);
  let current = job;
  // Where attempts of one task end together the latest decides, so that a retry has a number of its own.
  for (const attempt of ended.toSorted((a, b) => b.lease.attempt - a.lease.attempt)) {
    const { lease } = attempt;
    const key = keyOfTask(lease);
    const task = tasks.get(key);
    const price = priceOf(policy, attempt);
    // The job ended with an attempt before this one: this one is only recorded and priced.
    if (isTerminal(current.state)) {
      rows.addAttempt(attempt);
      rows.price += price;
      continue;
    }
    if (task === undefined || task.state !== 'open') {
      rows.addAttempt(attempt);
      continue;
    }
    // Another attempt that still runs, or the retry that one has left, decides; this one ends only itself.
    const decision = goingOn.has(key)
      ? null
      : decideTaskEnd(
          { ...task, wasAlone: lease.alone === 1 },
          attempt.end,
          { ...policy.config, ...options },
          options.random(),
        );
    const demand = decideDemand(policy, lease, attempt.end, decision, options.memoryCapBytes);
    const end = { ...attempt.end, errorMessage: withNote(attempt.end.errorMessage, demand.note) };
    const changed = taskAfter(task, { lease, end }, decision, price);
    tasks.set(key, changed);
    rows.addAttempt({ lease, end });
    rows.addTask(changed);
    rows.price += price;
    if (decision?.next === 'retry') {
      goingOn.add(key);
      rows.addRetry(changed, {
        ready_at: options.now + decision.delayMs,
        memory_bytes: demand.raised,
        alone: Number(decision.alone),
      });
    } else if (decision?.next === 'fail') {
      current = await rows.write(tx, current, options.now);
      current = await failTask(tx, current, policy, { lease, end }, options.now);
    }
  }
  return rows.write(tx, current, options.now);
}

function priceOf(policy: JobPolicy, { lease, end }: EndedAttempt): number {
  return isFree(end.reason) ? 0 : priceOfRun(policy, lease.kind, end.startedAt, end.endedAt);
}

function taskAfter(
  task: TaskRow,
  { lease, end }: EndedAttempt,
  decision: TaskEnd | null,
  price: number,
): TaskRow {
  const usesRetry = decision?.next === 'retry' && decision.usesRetry;
  return {
    ...task,
    state: decision?.next === 'fail' ? 'failed' : 'open',
    attempts: Math.max(task.attempts, lease.attempt),
    retries: task.retries + (usesRetry ? 1 : 0),
    losses: task.losses + (isFree(end.reason) ? 1 : 0),
    runner: lease.runner,
    assigned_at: lease.assigned_at,
    received_at: end.receivedAt,
    started_at: end.startedAt,
    ended_at: end.endedAt,
    reason: end.reason,
    error_message: end.errorMessage,
    price: task.price + price,
    stats: end.stats === null ? null : JSON.stringify(end.stats),
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
  { lease, end }: EndedAttempt,
  now: number,
): Promise<JobRow> {
  if (lease.kind === 'APP') return failChunk(tx, job, policy, { lease, end }, now);
  const { reason, name } = ENGINE_FAILURES[lease.kind];
  const message = `${name}: ${end.errorMessage}`;
  return endJob(tx, job, policy, { state: 'FAILED', reason, message }, now);
}

async function failChunk(
  tx: Tx,
  job: JobRow,
  policy: JobPolicy,
  { lease, end }: EndedAttempt,
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
