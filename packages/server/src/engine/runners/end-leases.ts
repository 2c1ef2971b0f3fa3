import type { Context } from '../../context.ts';
import { lockJob } from '../../store/jobs.ts';
import { jobsWithStaleLeases, takeStaleLeases } from '../../store/leases.ts';
import { loseLeases } from '../lose-leases.ts';

/** Ends what a runner holds, but for one incarnation of it; null ends all. */
export async function endLeasesOf(
  ctx: Context,
  runner: string,
  kept: string | null,
): Promise<void> {
  const incarnation = kept ?? '';
  for (const no of await jobsWithStaleLeases(ctx.store.db, runner, incarnation)) {
    await ctx.store.transact(async (tx) => {
      const job = await lockJob(tx, no);
      const leases = await takeStaleLeases(tx, no, runner, incarnation);
      if (job !== undefined) await loseLeases(ctx, tx, job, leases);
    });
  }
  for (const topic of ['runnable', 'event'] as const) ctx.signals.notify(topic);
}
