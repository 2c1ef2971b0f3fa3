import type { RunnerRegistration, RunnerWelcome } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { lockJob } from '../../store/jobs.ts';
import { jobsWithStaleLeases, takeStaleLeases } from '../../store/leases.ts';
import { loseLeases } from '../lose-leases.ts';
import { refuseSharedTier } from '../shared-tier.ts';

/** A runner begins, or begins again: leases of its older incarnations end at once. */
export async function registerRunner(
  ctx: Context,
  registration: RunnerRegistration,
): Promise<RunnerWelcome> {
  const runner = ctx.runners.register(registration, ctx.now());
  const { id, incarnation } = runner;
  try {
    await refuseSharedTier(ctx, runner);
  } catch (error) {
    ctx.runners.remove(id, incarnation);
    throw error;
  }
  for (const no of await jobsWithStaleLeases(ctx.store.db, id, incarnation)) {
    await ctx.store.transact(async (tx) => {
      const job = await lockJob(tx, no);
      const leases = await takeStaleLeases(tx, no, id, incarnation);
      if (job !== undefined) await loseLeases(ctx, tx, job, leases);
    });
  }
  ctx.signals.notify('runnable');
  return {
    runnerId: id,
    now: ctx.now(),
    leaseMs: ctx.config.leaseMs,
    heartbeatMs: ctx.config.heartbeatMs,
    graceMs: ctx.config.graceMs,
  };
}
