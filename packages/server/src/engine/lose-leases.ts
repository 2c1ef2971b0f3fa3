import type { Context } from '../context.ts';
import { lockJob } from '../store/jobs.ts';
import { LEASES_AT_ONCE } from '../store/leases.ts';
import type { Tx } from '../store/store.ts';
import type { JobRow, LeaseRow } from '../store/tables.ts';
import { policyOf, type JobPolicy } from './job-policy.ts';
import { endOptions } from './end-options.ts';
import { endAttempts, type AttemptEnd } from './transitions/end-attempts.ts';

/** Takes leases of a job and ends their attempts until none is left, some in each transaction. */
export async function loseInTurns(
  ctx: Context,
  no: number,
  takeSome: (tx: Tx) => Promise<LeaseRow[]>,
): Promise<void> {
  let taken: number;
  do {
    taken = await ctx.store.transact(async (tx) => {
      const job = await lockJob(tx, no);
      const leases = await takeSome(tx);
      if (job !== undefined) await loseLeases(ctx, tx, job, leases);
      return leases.length;
    });
  } while (taken === LEASES_AT_ONCE);
}

/** Ends attempts whose lease ran out or whose runner is gone; the leases have been taken. */
async function loseLeases(
  ctx: Context,
  tx: Tx,
  job: JobRow,
  leases: readonly LeaseRow[],
): Promise<void> {
  if (leases.length === 0) return;
  const policy = await policyOf(ctx, tx, job.no, job.run);
  const now = ctx.now();
  const heard = heardOf(ctx, now);
  const ended = leases.map((lease) => ({
    lease,
    end: {
      ...reasonOf(ctx, policy, lease, { now, isAlive: heard.has(holderOf(lease)) }),
      exitCode: null,
      receivedAt: lease.received_at,
      startedAt: lease.started_at,
      endedAt: now,
      stats: null,
    },
  }));
  await endAttempts(tx, job, policy, ended, endOptions(ctx));
}

/** The runners that were heard of, by whichever server, when they should have renewed their leases. */
function heardOf({ runners, config }: Context, now: number): Set<string> {
  const heard = runners.list(now).filter(({ lastSeenAt }) => now - lastSeenAt < config.leaseMs / 2);
  return new Set(heard.map(({ id, incarnation }) => holderOf({ runner: id, incarnation })));
}

function holderOf({ runner, incarnation }: Pick<LeaseRow, 'runner' | 'incarnation'>): string {
  return `${runner}/${incarnation}`;
}

/** A lease that went past its own limit ended for that; any other because nobody renewed it. */
function reasonOf(
  ctx: Context,
  policy: JobPolicy,
  lease: LeaseRow,
  { now, isAlive }: { now: number; isAlive: boolean },
): Pick<AttemptEnd, 'reason' | 'errorMessage' | 'isUnheardOf'> {
  if (lease.limit_at === null || lease.limit_at > now) {
    // The reply that named it was lost on the way.
    if (isAlive && lease.phase === 'ASSIGNED') {
      const errorMessage = `the runner ${lease.runner} never heard of this attempt: the message that gave it was lost`;
      return { reason: 'WORKER_LOST', errorMessage, isUnheardOf: true };
    }
    if (lease.alone === 1 && !isAlive) {
      const errorMessage = `the runner ${lease.runner} was lost while it ran nothing but this task, as others were before: it is not tried again`;
      return { reason: 'QUARANTINED', errorMessage };
    }
    return { reason: 'WORKER_LOST', errorMessage: `the runner ${lease.runner} was lost` };
  }
  const staging = `took longer than ${ctx.config.stagingMs / 1000} s`;
  switch (lease.phase) {
    case 'ASSIGNED':
    case 'RECEIVED':
      return { reason: 'INPUT_FAILED', errorMessage: `bringing the input ${staging}` };
    case 'STAGING_OUT':
      return { reason: 'OUTPUT_FAILED', errorMessage: `bringing the results ${staging}` };
    case 'RUNNING':
      return {
        reason: 'TIMEOUT',
        errorMessage: `timed out after ${policy.config.taskTimeout} s`,
      };
  }
}
