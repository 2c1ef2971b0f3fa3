import {
  LEASE_PHASES,
  type JobConfig,
  type LeasePhase,
  type PhaseReport,
  type TaskKind,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findJobByNo } from '../../store/jobs.ts';
import { findLease, updatePhase } from '../../store/leases.ts';
import { insertEvents } from '../../store/records.ts';
import type { Tx } from '../../store/store.ts';
import type { LeaseRow } from '../../store/tables.ts';
import { policyOf } from '../job-policy.ts';
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
  for (const { lease: id, phase, ...times } of phases) {
    const lease = await findLease(tx, id);
    if (lease === undefined || lease.runner !== runner || !isLater(phase, lease.phase)) continue;
    const receivedAt = timeOf(times.receivedAt, lease, ctx.now());
    const startedAt = timeOf(times.startedAt, lease, ctx.now());
    const job = await findJobByNo(tx, lease.job);
    if (job === undefined) continue;
    const { config } = await policyOf(ctx, tx, job.no, job.run);
    await updatePhase(tx, runner, id, {
      phase,
      received_at: receivedAt,
      started_at: startedAt,
      limit_at: limitOf(ctx, { kind: lease.kind, phase, startedAt }, config),
    });
    await insertEvents(tx, [
      {
        account: lease.account,
        job: lease.job,
        at: ctx.now(),
        type: 'task',
        body: JSON.stringify({ kind: lease.kind, run: lease.run, chunks: [lease.chunk], phase }),
      },
    ]);
  }
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

/** Reports come on two ways, so an older one may come after a newer one. */
function isLater(phase: LeasePhase, than: LeasePhase): boolean {
  return LEASE_PHASES.indexOf(phase) > LEASE_PHASES.indexOf(than);
}

function timeOf(at: number | null, lease: LeaseRow, now: number): number | null {
  return at === null ? null : withinLease(lease, at, now);
}
