import type { Context } from '../../context.ts';
import { jobsWithStaleLeases, takeStaleLeases } from '../../store/leases.ts';
import { loseInTurns } from '../lose-leases.ts';

/** Ends what a runner holds, but for one incarnation of it; null ends all. */
export async function endLeasesOf(
  ctx: Context,
  runner: string,
  kept: string | null,
): Promise<void> {
  const incarnation = kept ?? '';
  for (const no of await jobsWithStaleLeases(ctx.store.db, runner, incarnation)) {
    await loseInTurns(ctx, no, (tx) => takeStaleLeases(tx, no, runner, incarnation));
  }
  for (const topic of ['runnable', 'event'] as const) ctx.signals.notify(topic);
}
