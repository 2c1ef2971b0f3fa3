import type { Context } from '../context.ts';
import { loseInTurns } from '../engine/lose-leases.ts';
import { policyOf } from '../engine/job-policy.ts';
import { endJob } from '../engine/transitions/end-job.ts';
import { isRunning } from '../domain/job-state.ts';
import { lockJob, overdueJobs } from '../store/jobs.ts';
import { extendAllLeases, jobsWithDueLeases, takeDueLeases } from '../store/leases.ts';
import { eachOrLog } from './each.ts';
import { readMeta, writeMeta } from '../store/meta.ts';
import { extendAllSteps } from '../store/steps.ts';

const LEASES_PER_ROUND = 1000;
const JOBS_PER_ROUND = 100;

/**
 * Ends leases that ran out, through the same decision as any other end of an attempt. The reaper keeps a
 * beat: after a gap or a jump of the clock nothing expires that could not have been renewed meanwhile.
 */
export function createReaper(ctx: Context): () => Promise<boolean> {
  const beat = createBeat(ctx);
  return async () => {
    const now = ctx.now();
    const { leaseMs } = ctx.config;
    const last = await beat.read();
    const gap = last === null ? Infinity : Math.abs(now - last);
    if (gap > leaseMs / 2) {
      // Two transactions: who ends a step comes to the leases of its job after it.
      await ctx.store.transact((tx) => extendAllLeases(tx, now + leaseMs));
      await ctx.store.transact((tx) => extendAllSteps(tx, now + leaseMs));
      // Only now: whoever looks meanwhile, or after this failed, must see the gap too.
      await beat.keep(now);
      return false;
    }
    if (gap > leaseMs / 8) await beat.keep(now);
    const jobs = await jobsWithDueLeases(ctx.store.db, now, LEASES_PER_ROUND);
    const reaped = await eachOrLog(jobs, ctx.logger, (no) =>
      loseInTurns(ctx, no, (tx) => takeDueLeases(tx, no, ctx.now())),
    );
    if (jobs.length > 0)
      for (const topic of ['runnable', 'event'] as const) ctx.signals.notify(topic);
    return reaped > 0;
  };
}

/** When leases were last looked after. */
interface Beat {
  read: () => Promise<number | null>;
  keep: (now: number) => Promise<void>;
}

function createBeat(ctx: Context): Beat {
  const { shared, db } = ctx.store;
  if (shared === null) {
    let last: number | null = null;
    return {
      read: async () => last,
      async keep(now) {
        last = now;
      },
    };
  }
  // One beat for all servers: leases run out as long as any of them is there to renew them.
  return {
    async read() {
      const kept = await readMeta(db, BEAT);
      return kept === null ? null : Number(kept);
    },
    keep: (now) => writeMeta(db, BEAT, String(now)),
  };
}

const BEAT = 'reaper-beat';

/** Ends jobs whose jobTimeout is over. */
export async function endOverdueJobs(ctx: Context): Promise<boolean> {
  const jobs = await overdueJobs(ctx.store.db, ctx.now(), JOBS_PER_ROUND);
  const ended = await eachOrLog(jobs, ctx.logger, (no) =>
    ctx.store.transact(async (tx) => {
      const job = await lockJob(tx, no);
      if (job === undefined || !isRunning(job.state)) return;
      // It may have been run again meanwhile.
      if (job.deadline_at === null || job.deadline_at > ctx.now()) return;
      const policy = await policyOf(ctx, tx, no, job.run);
      const message = `job timed out after ${policy.config.jobTimeout} s`;
      const end = { state: 'FAILED', reason: 'JOB_TIMEOUT', message } as const;
      await endJob(tx, job, policy, end, ctx.now());
    }),
  );
  if (jobs.length > 0) ctx.signals.notify('event');
  return ended === JOBS_PER_ROUND;
}
