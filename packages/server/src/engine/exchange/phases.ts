import type { PhaseReport } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findJobByNo } from '../../store/jobs.ts';
import { findLease, updatePhase } from '../../store/leases.ts';
import { insertEvents } from '../../store/records.ts';
import type { Tx } from '../../store/store.ts';
import { policyOf } from '../job-policy.ts';

/** A runner ends a task at its timeout; this much later the server ends the lease itself. */
const TIMEOUT_GRACE_MS = 30_000;

/** Records phases that lasted long enough to be seen. Reports of leases that are gone have no effect. */
export async function applyPhases(
  ctx: Context,
  tx: Tx,
  runner: string,
  phases: readonly PhaseReport[],
): Promise<void> {
  for (const { lease: id, phase, receivedAt, startedAt } of phases) {
    const lease = await findLease(tx, id);
    if (lease === undefined || lease.runner !== runner || lease.phase === phase) continue;
    const job = await findJobByNo(tx, lease.job);
    if (job === undefined) continue;
    const { config } = await policyOf(ctx, tx, job.no, job.run);
    const limited = lease.kind === 'APP' && config.taskTimeout > 0 && startedAt !== null;
    await updatePhase(tx, runner, id, {
      phase,
      received_at: receivedAt === null ? null : Math.round(receivedAt),
      started_at: startedAt === null ? null : Math.round(startedAt),
      limit_at: limited
        ? Math.round(startedAt) + config.taskTimeout * 1000 + TIMEOUT_GRACE_MS
        : null,
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
