/** What follows an attempt that did not commit: one decision for failure, timeout, loss and expiry. */
import type { AttemptReason } from '@bytenite/contract';

export interface RetryPolicy {
  maxTaskRetries: number;
  backoff: { baseMs: number; capMs: number };
}

export interface EndedTask {
  retries: number;
  losses: number;
}

export type TaskEnd = { next: 'retry'; delayMs: number; usesRetry: boolean } | { next: 'fail' };

/** A runner that dies is not the task's fault, so it costs no retry; but not for ever. */
export const MAX_LOSSES = 10;

/** `random` is in [0, 1). */
export function decideTaskEnd(
  task: EndedTask,
  reason: AttemptReason,
  policy: RetryPolicy,
  random: number,
): TaskEnd {
  if (reason === 'WORKER_LOST' || reason === 'INTERNAL') {
    if (task.losses >= MAX_LOSSES) return { next: 'fail' };
    return { next: 'retry', usesRetry: false, delayMs: backoffMs(task.losses, policy, random) };
  }
  if (reason === 'ABORTED' || task.retries >= policy.maxTaskRetries) return { next: 'fail' };
  return { next: 'retry', usesRetry: true, delayMs: backoffMs(task.retries, policy, random) };
}

/** Exponential with full jitter. */
function backoffMs(earlier: number, policy: RetryPolicy, random: number): number {
  const { baseMs, capMs } = policy.backoff;
  return Math.floor(random * Math.min(capMs, baseMs * 2 ** earlier));
}

/** Time for which nobody pays. */
export function isFree(reason: AttemptReason): boolean {
  return reason === 'WORKER_LOST' || reason === 'INTERNAL';
}
