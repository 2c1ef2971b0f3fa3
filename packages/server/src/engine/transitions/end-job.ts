import type { FailureReason } from '@bytenite/contract';
import { takeJobLeases } from '../../store/leases.ts';
import { deleteReady } from '../../store/ready.ts';
import { takeSteps } from '../../store/steps.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, LeaseRow, StepRow } from '../../store/tables.ts';
import { updateJob } from '../../store/jobs.ts';
import { insertAttempts } from '../../store/tasks.ts';
import type { JobPolicy } from '../job-policy.ts';
import { payAtCommit } from '../wallet/pay-for-job.ts';
import { enterState, notBefore } from './enter-state.ts';
import { priceOfLease } from './lease-price.ts';

export type JobEnd =
  | { state: 'COMPLETE' }
  | { state: 'FAILED'; reason: Exclude<FailureReason, 'NONE'>; message: string };

/**
 * Ends a locked job in one transaction, whatever is open: leases go (their runners learn it at the next
 * heartbeat), attempts in flight are recorded and priced, the price is booked. Open tasks are not rewritten: an open task of
 * an ended job is an aborted one.
 */
export async function endJob(
  tx: Tx,
  job: JobRow,
  policy: JobPolicy,
  end: JobEnd,
  asked: number,
): Promise<JobRow> {
  const now = notBefore(job, asked);
  const leases = await takeJobLeases(tx, job.no);
  await insertAttempts(
    tx,
    leases.map((lease) => abortedAttempt(lease, now)),
  );
  await deleteReady(tx, job.no);
  const deliverAfter = Math.max(job.deliver_after, ...deliveriesUntil(await takeSteps(tx, job.no)));
  payAtCommit(tx, job.no, now);
  const price = leases.reduce((sum, lease) => sum + priceOfLease(policy, lease, now), job.price);
  const priced = price === job.price ? job : await updateJob(tx, job, { price });
  return enterState(tx, priced ?? job, end.state, now, {
    ended_at: now,
    deliver_after: deliverAfter,
    ...(end.state === 'FAILED'
      ? { failure_reason: end.reason, error_message: end.message }
      : { failure_reason: 'NONE', error_message: '' }),
  });
}

/**
 * Whoever delivers while its job ends may be writing a file until its lease is over: a delivery of the next
 * run, which writes the same names, begins after that.
 */
function deliveriesUntil(steps: readonly StepRow[]): number[] {
  // Also of one whose server is dead, so that it has no owner any more.
  return steps.filter(({ name }) => name === 'deliver').map((step) => step.deadline_at);
}

function abortedAttempt(lease: LeaseRow, now: number) {
  return {
    job: lease.job,
    kind: lease.kind,
    run: lease.run,
    chunk: lease.chunk,
    attempt: lease.attempt,
    runner: lease.runner,
    started_at: lease.started_at,
    ended_at: now,
    exit_code: null,
    reason: 'ABORTED' as const,
    error_message: 'stopped because the job ended',
  };
}
