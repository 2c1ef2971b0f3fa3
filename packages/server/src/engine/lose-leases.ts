import type { Context } from '../context.ts';
import type { Tx } from '../store/store.ts';
import type { JobRow, LeaseRow } from '../store/tables.ts';
import { policyOf, type JobPolicy } from './job-policy.ts';
import { endOptions } from './end-options.ts';
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
    const end = reasonOf(ctx, policy, lease, now);
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
        stats: null,
      },
      endOptions(ctx),
    );
  }
  return current;
}

/** The runner lives and never renewed the lease: it was not told of it, because the reply was lost. */
function isHeardOf({ runners, config }: Context, lease: LeaseRow, now: number): boolean {
  const runner = runners.find(lease.runner, lease.incarnation);
  return runner !== undefined && now - runner.lastSeenAt < config.leaseMs / 2;
}

/** A lease that went past its own limit ended for that; any other because nobody renewed it. */
function reasonOf(ctx: Context, policy: JobPolicy, lease: LeaseRow, now: number) {
  if (lease.limit_at === null || lease.limit_at > now) {
    if (lease.alone === 1 && !isHeardOf(ctx, lease, now)) {
      const errorMessage = `the runner ${lease.runner} was lost while it ran nothing but this task, as others were before: it is not tried again`;
      return { reason: 'QUARANTINED' as const, errorMessage };
    }
    const errorMessage = `the runner ${lease.runner} was lost`;
    return { reason: 'WORKER_LOST' as const, errorMessage };
  }
  const staging = `took longer than ${ctx.config.stagingMs / 1000} s`;
  switch (lease.phase) {
    case 'ASSIGNED':
    case 'RECEIVED':
      return { reason: 'INPUT_FAILED' as const, errorMessage: `bringing the input ${staging}` };
    case 'STAGING_OUT':
      return { reason: 'OUTPUT_FAILED' as const, errorMessage: `bringing the results ${staging}` };
    case 'RUNNING':
      return {
        reason: 'TIMEOUT' as const,
        errorMessage: `timed out after ${policy.config.taskTimeout} s`,
      };
  }
}
