import { RunnerRegistration, type RunnerState } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { decideRunnerState } from '../../domain/runner-state.ts';
import type { KnownRunner } from '../../store/runners.ts';
import type { Runner } from '../runners.ts';

/** A runner as the operator sees it. */
export interface RunnerView {
  runner: Runner;
  tokenName: string;
  registeredAt: number;
  tasks: number;
  state: RunnerState;
  reason: string;
}

export function toRunner(row: KnownRunner): Runner {
  return {
    ...RunnerRegistration.parse(JSON.parse(row.facts)),
    id: row.id,
    token: row.token,
    lastSeenAt: row.seen_at,
    draining: row.draining !== 0,
  };
}

export function viewRunner(ctx: Context, row: KnownRunner, tasks: number): RunnerView {
  const stored = toRunner(row);
  // The tables are told every few seconds only; whoever it talks to knows better.
  const here = ctx.runners.find(row.id, row.incarnation);
  const lastSeenAt = Math.max(stored.lastSeenAt, here?.lastSeenAt ?? 0);
  const runner = { ...stored, lastSeenAt };
  const facts = {
    lastSeenAt,
    tasks,
    draining: runner.draining,
    drainReason: row.drain_reason,
    revokedAt: row.token_revoked_at,
  };
  return {
    runner,
    tokenName: row.token_name ?? '',
    registeredAt: row.registered_at,
    tasks,
    ...decideRunnerState(facts, ctx.now(), ctx.config.leaseMs),
  };
}
