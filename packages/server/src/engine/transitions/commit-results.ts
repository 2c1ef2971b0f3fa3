import type { EndReport, TaskKind, Verdict } from '@bytenite/contract';
import { haveAllEnded } from '../../domain/job-progress.ts';
import { keyOfTask, stagesOf, type Stage } from '../../domain/task-id.ts';
import { updateJob } from '../../store/jobs.ts';
import { takeSiblings } from '../../store/leases.ts';
import { insertEvents, keepBlobs } from '../../store/records.ts';
import { insertStep } from '../../store/steps.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, LeaseRow } from '../../store/tables.ts';
import {
  commitResults as commitRows,
  insertAttempts,
  type ResultPatch,
} from '../../store/tasks.ts';
import { resultsPrefix } from '../job-keys.ts';
import type { JobPolicy } from '../job-policy.ts';
import { enterState } from './enter-state.ts';
import { priceOfRun } from './lease-price.ts';
import { taskEvents } from './task-events.ts';

/** A report of success whose lease was still there, and where its bundle lies. */
export interface FinishedAttempt {
  lease: LeaseRow;
  report: EndReport;
  bundle: { key: string; offset: number; length: number; sha256: string };
}

/**
 * Commits results under the job's lock, counts them, and makes the next stage runnable when they were
 * the last. Returns the job and a verdict per lease.
 */
export async function commitResults(
  tx: Tx,
  job: JobRow,
  policy: JobPolicy,
  finished: readonly FinishedAttempt[],
  now: number,
): Promise<{ job: JobRow; verdicts: Map<string, Verdict> }> {
  const verdicts = new Map<string, Verdict>();
  if (finished.length === 0) return { job, verdicts };
  // Of two attempts of one task the first in the message enters.
  const entrants = new Map<string, FinishedAttempt>();
  for (const attempt of finished) {
    const key = keyOfTask(attempt.lease);
    if (!entrants.has(key)) entrants.set(key, attempt);
  }
  const patches = [...entrants.values()].map((attempt) => resultPatch(job, policy, attempt));
  const committed = await commitRows(tx, patches);
  const winners = new Set(committed.map((task) => entrants.get(keyOfTask(task))));
  const won = patches.filter((patch) => winners.has(entrants.get(keyOfTask(patch))));
  const price = won.reduce((sum, patch) => sum + patch.price, 0);
  await keepBlobs(tx, storedKeys(job, won));
  const losers: LeaseRow[] = [];
  for (const attempt of finished) {
    const isWinner = winners.has(attempt);
    verdicts.set(attempt.lease.id, isWinner ? 'committed' : 'superseded');
    if (!isWinner) losers.push(attempt.lease);
  }
  await recordSuperseded(tx, losers, now);
  for (const stage of stagesOf(committed)) await supersedeSiblings(tx, job, stage, now);
  await insertEvents(tx, taskEvents(job, committed, now, { committed: true }));
  const apps = committed.filter((task) => task.kind === 'APP').length;
  const counted = await updateJob(tx, job, {
    committed: job.committed + apps,
    price: job.price + price,
  });
  return { job: await advance(tx, counted ?? job, committed, now), verdicts };
}

function resultPatch(job: JobRow, policy: JobPolicy, attempt: FinishedAttempt): ResultPatch {
  const { lease, report, bundle } = attempt;
  return {
    job: job.no,
    kind: lease.kind,
    run: lease.run,
    chunk: lease.chunk,
    result_key: bundle.key,
    result_offset: bundle.offset,
    result_length: bundle.length,
    result_sha: bundle.sha256,
    winner: lease.attempt,
    runner: lease.runner,
    assigned_at: lease.assigned_at,
    received_at: report.receivedAt,
    started_at: report.startedAt,
    ended_at: report.endedAt,
    price: priceOfRun(policy, lease.kind, report.startedAt, report.endedAt),
    stats: report.stats === null ? null : JSON.stringify(report.stats),
  };
}

/** Keys of results that were put before they were reported. */
function storedKeys(job: JobRow, patches: readonly ResultPatch[]): string[] {
  const prefix = `${resultsPrefix(job.no)}/`;
  return patches.flatMap(({ result_key: key }) => (key?.startsWith(prefix) ? [key] : []));
}

/** Other attempts of a committed task end now and cost nothing. */
async function supersedeSiblings(
  tx: Tx,
  job: JobRow,
  { kind, run, chunks }: Stage,
  now: number,
): Promise<void> {
  await recordSuperseded(tx, await takeSiblings(tx, job.no, kind, run, chunks), now);
}

async function recordSuperseded(tx: Tx, leases: readonly LeaseRow[], now: number): Promise<void> {
  await insertAttempts(
    tx,
    leases.map((lease) => ({
      job: lease.job,
      kind: lease.kind,
      run: lease.run,
      chunk: lease.chunk,
      attempt: lease.attempt,
      runner: lease.runner,
      started_at: lease.started_at,
      ended_at: now,
      exit_code: null,
      reason: 'SUPERSEDED' as const,
      error_message: 'another attempt committed first',
    })),
  );
}

async function advance(
  tx: Tx,
  job: JobRow,
  committed: readonly { kind: TaskKind }[],
  now: number,
): Promise<JobRow> {
  const kinds = new Set(committed.map((task) => task.kind));
  if (kinds.has('PARTITIONER')) {
    await insertStep(tx, { job: job.no, run: job.run, name: 'chunks', readyAt: now });
    return job;
  }
  if (kinds.has('ASSEMBLER')) return enterMerged(tx, job, now);
  return finishChunks(tx, job, now);
}

/** After the last chunk: the results are collected for the assembler. */
export async function finishChunks(tx: Tx, job: JobRow, now: number): Promise<JobRow> {
  if (job.state !== 'PARTITIONED' || !haveAllEnded(job)) return job;
  await insertStep(tx, { job: job.no, run: job.run, name: 'collect', readyAt: now });
  return enterState(tx, job, 'TASKS_COMPLETED', now);
}

/** The output is there, or `index` names the files that are it; it is delivered next. */
export async function enterMerged(tx: Tx, job: JobRow, now: number, index = ''): Promise<JobRow> {
  const readyAt = Math.max(now, job.deliver_after);
  await insertStep(tx, { job: job.no, run: job.run, name: 'deliver', readyAt, input: index });
  return enterState(tx, job, 'MERGED', now);
}
