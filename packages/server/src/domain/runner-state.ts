import type { RunnerState } from '@bytenite/contract';

export interface RunnerFacts {
  lastSeenAt: number;
  /** Tasks that it holds. */
  tasks: number;
  draining: boolean;
  drainReason: string;
  /** When its token was revoked; null for one that holds. */
  revokedAt: number | null;
}

/** What a runner is to the operator, and why it takes no tasks. */
export function decideRunnerState(
  { lastSeenAt, tasks, draining, drainReason, revokedAt }: RunnerFacts,
  now: number,
  leaseMs: number,
): { state: RunnerState; reason: string } {
  const why = drainReason === '' ? 'drained by an administrator' : drainReason;
  if (revokedAt !== null) return { state: 'LOST', reason: 'its token was revoked' };
  if (now - lastSeenAt > leaseMs) {
    const silence = `not heard of for ${Math.floor((now - lastSeenAt) / 1000)} s`;
    return { state: 'LOST', reason: draining ? `${silence}; ${why}` : silence };
  }
  if (!draining) return { state: 'READY', reason: '' };
  return { state: tasks > 0 ? 'DRAINING' : 'DRAINED', reason: why };
}
