import type { Context } from '../context.ts';
import type { Tx } from '../store/store.ts';
import type { JobRow, LeaseRow } from '../store/tables.ts';
import { policyOf } from './job-policy.ts';
import { endAttempt, latestAttemptFirst } from './transitions/end-attempt.ts';

/** Ends attempts whose lease ran out or whose runner is gone; the leases have been taken. */
export async function loseLeases(
  ctx: Context,
  tx: Tx,
  job: JobRow,
  leases: readonly LeaseRow[],
): Promise<JobRow> {
  if (leases.length === 0) return job;
  const policy = await policyOf(ctx, tx, job.no, job.run);
  const now = ctx.now();
  let current = job;
  for (const lease of leases.toSorted(latestAttemptFirst)) {
    const timedOut = lease.limit_at !== null && lease.limit_at <= now;
    const end = timedOut
      ? {
          reason: 'TIMEOUT' as const,
          errorMessage: `timed out after ${policy.config.taskTimeout} s`,
        }
      : {
          reason: 'WORKER_LOST' as const,
          errorMessage: `the runner ${lease.runner} was lost`,
        };
    current = await endAttempt(
      tx,
      current,
      policy,
      lease,
      {
        ...end,
        exitCode: null,
        receivedAt: lease.received_at,
        startedAt: lease.started_at,
        endedAt: now,
      },
      { backoff: ctx.config.backoff, random: Math.random(), now },
    );
  }
  return current;
}
