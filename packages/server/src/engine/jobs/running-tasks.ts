import { notFound } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findJobs } from '../../store/jobs.ts';
import { countPhases } from '../../store/leases.ts';
import type { Account } from '../auth/account.ts';

/** How many tasks of each job are in the wire's state RUNNING, engine tasks included. */
export async function countRunningTasks(
  ctx: Context,
  account: Account,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const jobs = await findJobs(ctx.store.db, account.id, ids);
  if (jobs.length < new Set(ids).size) throw notFound('job');
  const phases = await countPhases(
    ctx.store.db,
    jobs.map(({ no }) => no),
  );
  return new Map(
    jobs.map(({ id, no }) => {
      const running = phases.filter(
        ({ job, phase }) => job === no && (phase === 'RUNNING' || phase === 'STAGING_OUT'),
      );
      return [id, running.reduce((sum, { count }) => sum + count, 0)];
    }),
  );
}
