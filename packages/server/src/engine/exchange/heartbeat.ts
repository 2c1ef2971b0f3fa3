import type { HeartbeatReply, HeartbeatRequest } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { lockJobs } from '../../store/jobs.ts';
import { jobsOfLeases, renewLeases } from '../../store/leases.ts';
import type { Runner } from '../runners.ts';
import { applyPhases } from './phases.ts';

/** Renews the leases that the runner names in one statement; those that are gone are to be killed. */
export async function heartbeat(
  ctx: Context,
  runner: Runner,
  request: HeartbeatRequest,
): Promise<HeartbeatReply> {
  const now = ctx.now();
  runner.lastSeenAt = now;
  if (request.leases.length === 0) return { now, kill: [] };
  const { id, incarnation } = runner;
  const held = await ctx.store.transact(async (tx) => {
    const reported = request.phases.map(({ lease }) => lease);
    await lockJobs(tx, (await jobsOfLeases(tx, reported)).values());
    const deadline = now + ctx.config.leaseMs;
    const renewed = await renewLeases(tx, id, incarnation, request.leases, deadline);
    await applyPhases(ctx, tx, id, request.phases);
    return renewed;
  });
  if (request.phases.length > 0) ctx.signals.notify('event');
  return { now, kill: request.leases.filter((lease) => !held.has(lease)) };
}
