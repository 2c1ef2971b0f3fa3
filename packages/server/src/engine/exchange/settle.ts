/** The transaction's first half: reports of one job become state, and each gets its verdict. */
import {
  ERROR_MESSAGE_LIMIT,
  type AttemptReason,
  type EndReport,
  type Verdict,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { keyOfTask } from '../../domain/task-id.ts';
import { lockJob } from '../../store/jobs.ts';
import { takeLeases } from '../../store/leases.ts';
import { insertReady } from '../../store/ready.ts';
import { insertEvents, insertLogPack } from '../../store/records.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, LeaseRow } from '../../store/tables.ts';
import { findTask } from '../../store/tasks.ts';
import { endOptions } from '../end-options.ts';
import { groupBy } from '../group-by.ts';
import { policyOf } from '../job-policy.ts';
import { commitResults, type FinishedAttempt } from '../transitions/commit-results.ts';
import { endAttempts } from '../transitions/end-attempts.ts';
import { withinLease } from '../transitions/lease-times.ts';
import { tasksGoingOn } from '../transitions/tasks-going-on.ts';
import type { BundlePlace, Packs } from './packs.ts';

/** Settles all reports of an exchange; jobs are locked in ascending order. */
export async function settleReports(
  ctx: Context,
  tx: Tx,
  runner: string,
  ended: readonly EndReport[],
  packs: Packs,
): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  // A report that comes twice in one message is one report.
  const reportOf = new Map(ended.map((report) => [report.lease, report]));
  const byJob = groupBy([...reportOf.values()], ({ ref }) => ref.job);
  const logs = groupBy(packs.logs, ({ job }) => job);
  const nos = [...new Set([...byJob.keys(), ...logs.keys()])].toSorted((a, b) => a - b);
  for (const no of nos) {
    const reports = byJob.get(no) ?? [];
    const job = await lockJob(tx, no);
    if (job === undefined) {
      for (const { lease } of reports) verdicts.set(lease, 'ended');
      continue;
    }
    for (const pack of logs.get(no) ?? []) {
      await insertLogPack(tx, { ...pack, account: job.account });
      await insertEvents(tx, [logEvent(job, pack.key, ctx.now())]);
    }
    if (reports.length > 0) {
      await settleJob(ctx, tx, { runner, job, reports, bundles: packs.bundles, verdicts });
    }
  }
  return verdicts;
}

function logEvent(job: JobRow, key: string, now: number) {
  const body = JSON.stringify({ key });
  return { account: job.account, job: job.no, at: now, type: 'log' as const, body };
}

interface Settling {
  runner: string;
  job: JobRow;
  reports: readonly EndReport[];
  bundles: Map<string, BundlePlace>;
  verdicts: Map<string, Verdict>;
}

async function settleJob(ctx: Context, tx: Tx, settling: Settling): Promise<void> {
  const { runner, reports, verdicts, bundles } = settling;
  const leases = new Map(
    (
      await takeLeases(
        tx,
        settling.job.no,
        runner,
        reports.map(({ lease }) => lease),
      )
    ).map((lease) => [lease.id, lease]),
  );
  const finished: FinishedAttempt[] = [];
  const failed: { lease: LeaseRow; report: EndReport }[] = [];
  for (const report of reports) {
    const lease = leases.get(report.lease);
    const bundle = bundles.get(report.lease);
    if (lease === undefined) verdicts.set(report.lease, await repeatedVerdict(tx, report));
    else if (report.outcome.ok && bundle !== undefined) {
      finished.push({ lease, report: withTimes(report, lease, ctx.now()), bundle });
    } else failed.push({ lease, report: withTimes(report, lease, ctx.now()) });
  }
  if (leases.size === 0) return;
  const policy = await policyOf(ctx, tx, settling.job.no, settling.job.run);
  const committed = await commitResults(tx, settling.job, policy, finished, ctx.now());
  for (const [lease, verdict] of committed.verdicts) verdicts.set(lease, verdict);
  // The first final failure ends the job; what comes after it is only recorded.
  const ended = failed.map(({ lease, report }) => ({ lease, end: attemptEnd(report) }));
  await endAttempts(tx, committed.job, policy, ended, endOptions(ctx));
  for (const { lease } of failed) verdicts.set(lease.id, 'ended');
}

function attemptEnd(report: EndReport) {
  const { outcome, receivedAt, startedAt, endedAt } = report;
  const times = { receivedAt, startedAt, endedAt, stats: report.stats };
  if (outcome.ok) {
    const errorMessage = 'the runner reported a result that was not stored';
    return { ...times, reason: 'OUTPUT_FAILED' as const, exitCode: 0, errorMessage };
  }
  const { exitCode } = outcome;
  // Only the server aborts: where a lease is still there, a runner that stopped its task lost it.
  const reason = isOfServer(outcome.reason) ? 'WORKER_LOST' : outcome.reason;
  return { ...times, reason, exitCode, errorMessage: cleanText(outcome.errorMessage) };
}

function isOfServer(reason: AttemptReason): boolean {
  return reason === 'ABORTED' || reason === 'SUPERSEDED' || reason === 'QUARANTINED';
}

/** One NUL would fail a PostgreSQL batch for ever. */
function cleanText(text: string): string {
  const bytes = Buffer.from(text).subarray(0, ERROR_MESSAGE_LIMIT);
  return bytes
    .toString()
    .replaceAll('\0', '')
    .replace(/\uFFFD+$/, '');
}

function withTimes(report: EndReport, lease: LeaseRow, now: number): EndReport {
  const within = (at: number) => withinLease(lease, at, now);
  return {
    ...report,
    receivedAt: report.receivedAt === null ? null : within(report.receivedAt),
    startedAt: report.startedAt === null ? null : within(report.startedAt),
    endedAt: within(report.endedAt),
  };
}

/** The lease is gone: either this report was settled before, or another attempt got the task. */
async function repeatedVerdict(tx: Tx, report: EndReport): Promise<Verdict> {
  const task = await findTask(tx, report.ref.job, report.ref);
  if (task?.state !== 'committed') return 'ended';
  return task.winner === report.ref.attempt ? 'committed' : 'superseded';
}

/** Leases given back unstarted: the tasks wait again, and no attempt is counted. */
export async function releaseLeases(
  ctx: Context,
  tx: Tx,
  runner: string,
  ids: readonly string[],
  jobsOf: ReadonlyMap<string, number>,
): Promise<void> {
  const byJob = groupBy(
    ids.filter((id) => jobsOf.has(id)),
    (id) => jobsOf.get(id) ?? 0,
  );
  for (const no of [...byJob.keys()].toSorted((a, b) => a - b)) {
    const job = await lockJob(tx, no);
    if (job === undefined) continue;
    const taken = await takeLeases(tx, no, runner, byJob.get(no) ?? []);
    const goingOn = await tasksGoingOn(tx, no, taken);
    const waiting = taken.filter((lease) => !goingOn.has(keyOfTask(lease)));
    await insertReady(
      tx,
      waiting.map(({ kind, run, chunk, attempt, raised_bytes: raised, alone }) => ({
        job: no,
        kind,
        run,
        chunk,
        attempt,
        ready_at: ctx.now(),
        memory_bytes: raised,
        alone,
      })),
    );
  }
}
