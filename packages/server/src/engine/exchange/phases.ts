import {
  LEASE_PHASES,
  type JobConfig,
  type LeasePhase,
  type PhaseReport,
  type TaskKind,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findJobByNo } from '../../store/jobs.ts';
import { leasesOfRunner, updatePhases, type PhasePatch } from '../../store/leases.ts';
import { insertEvents } from '../../store/records.ts';
import type { Tx } from '../../store/store.ts';
import type { LeaseRow } from '../../store/tables.ts';
import { groupBy } from '../group-by.ts';
import { policyOf } from '../job-policy.ts';
import { taskEvents } from '../transitions/task-events.ts';
import { withinLease } from '../transitions/lease-times.ts';

/** A runner ends a task at its timeout; this much later the server ends the lease itself. */
const TIMEOUT_GRACE_MS = 30_000;

/** Records phases that lasted long enough to be seen. Reports of leases that are gone have no effect. */
export async function applyPhases(
  ctx: Context,
  tx: Tx,
  runner: string,
  phases: readonly PhaseReport[],
): Promise<void> {
  if (phases.length === 0) return;
  const leases = await leasesOfRunner(
    tx,
    runner,
    phases.map(({ lease }) => lease),
  );
  const news = newsOf(leases, phases);
  const now = ctx.now();
  for (const [no, ofJob] of groupBy(news, ({ lease }) => lease.job)) {
    const job = await findJobByNo(tx, no);
    if (job === undefined) continue;
    const { config } = await policyOf(ctx, tx, no, job.run);
    const patches = ofJob.map(({ lease, report }) => patchOf(ctx, lease, report, config));
    await updatePhases(tx, patches);
    for (const [phase, ofPhase] of groupBy(ofJob, ({ report }) => report.phase)) {
      const tasks = ofPhase.map(({ lease }) => lease);
      await insertEvents(tx, taskEvents(job, tasks, now, { phase }));
    }
  }
}

/** A lease and what is new of it. */
interface News {
  lease: LeaseRow;
  report: PhaseReport;
}

/** Reports come on two ways, so an older one may come after a newer one, or with it. */
function newsOf(leases: readonly LeaseRow[], phases: readonly PhaseReport[]): News[] {
  const latest = new Map<string, PhaseReport>();
  for (const report of phases) {
    const known = latest.get(report.lease);
    if (known === undefined || isLater(report.phase, known.phase)) latest.set(report.lease, report);
  }
  return leases.flatMap((lease) => {
    const report = latest.get(lease.id);
    return report !== undefined && isLater(report.phase, lease.phase) ? [{ lease, report }] : [];
  });
}

function patchOf(
  ctx: Context,
  lease: LeaseRow,
  { phase, ...times }: PhaseReport,
  config: JobConfig,
): PhasePatch {
  const startedAt = timeOf(times.startedAt, lease, ctx.now());
  return {
    id: lease.id,
    phase,
    received_at: timeOf(times.receivedAt, lease, ctx.now()),
    started_at: startedAt,
    limit_at: limitOf(ctx, { kind: lease.kind, phase, startedAt }, config),
  };
}

/** When the server ends the lease whatever the runner says; null while the user's process may run on. */
function limitOf(
  ctx: Context,
  { kind, phase, startedAt }: { kind: TaskKind; phase: LeasePhase; startedAt: number | null },
  { taskTimeout }: JobConfig,
): number | null {
  if (phase !== 'RUNNING') return ctx.now() + ctx.config.stagingMs;
  if (kind !== 'APP' || taskTimeout === 0 || startedAt === null) return null;
  return startedAt + taskTimeout * 1000 + TIMEOUT_GRACE_MS;
}

function isLater(phase: LeasePhase, than: LeasePhase): boolean {
  return LEASE_PHASES.indexOf(phase) > LEASE_PHASES.indexOf(than);
}

function timeOf(at: number | null, lease: LeaseRow, now: number): number | null {
  return at === null ? null : withinLease(lease, at, now);
}
