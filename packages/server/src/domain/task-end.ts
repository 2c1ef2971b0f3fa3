/** What follows an attempt that did not commit: one decision for failure, timeout, loss and expiry. */
import type { AttemptReason } from '@bytenite/contract';
import { isNamed, type Outcome } from './outcomes.ts';

export interface RetryPolicy {
  maxTaskRetries: number;
  /** Not empty: only these are retried. */
  retryOn: readonly string[];
  /** These are never retried. */
  failOn: readonly string[];
  backoff: { baseMs: number; capMs: number };
  /** After so many losses the task may be what ends runners: it gets one for itself. */
  aloneAfter: number;
}

export interface EndedTask {
  retries: number;
  losses: number;
  /** This attempt had its runner for itself. */
  wasAlone?: boolean;
}

export type TaskEnd =
  | { next: 'retry'; delayMs: number; usesRetry: boolean; alone: boolean }
  | { next: 'fail' };

/** A runner that dies is not the task's fault, so it costs no retry; but not for ever. */
export const MAX_LOSSES = 10;

/** `random` is in [0, 1). */
export function decideTaskEnd(
  task: EndedTask,
  outcome: Outcome,
  policy: RetryPolicy,
  random: number,
): TaskEnd {
  const { reason } = outcome;
  // It was tried alone, and its runner was lost once more: it must take no other with it.
  if (reason === 'QUARANTINED') return { next: 'fail' };
  if (isNamed(policy.failOn, outcome)) return { next: 'fail' };
  // A lost runner is no outcome of the task's own, so that only `failOn` can speak of it.
  if (reason === 'WORKER_LOST' || reason === 'INTERNAL') {
    if (task.losses >= MAX_LOSSES) return { next: 'fail' };
    // What nobody ran has ended no runner.
    const isSuspect = outcome.isUnheardOf !== true && task.losses + 1 >= policy.aloneAfter;
    const alone = task.wasAlone === true || isSuspect;
    return {
      next: 'retry',
      usesRetry: false,
      delayMs: backoffMs(task.losses, policy, random),
      alone,
    };
  }
  if (policy.retryOn.length > 0 && !isNamed(policy.retryOn, outcome)) return { next: 'fail' };
  if (reason === 'ABORTED' || task.retries >= policy.maxTaskRetries) return { next: 'fail' };
  const alone = task.losses >= policy.aloneAfter;
  return {
    next: 'retry',
    usesRetry: true,
    delayMs: backoffMs(task.retries, policy, random),
    alone,
  };
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
