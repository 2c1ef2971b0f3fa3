/** The loops that move jobs on without anybody asking. */
import { setMaxListeners } from 'node:events';
import type { Context } from '../context.ts';
import { COUNT_EVERY_MS, countUsage } from '../engine/fairness/count-usage.ts';
import { runNextStep } from '../engine/steps/run-step.ts';
import { releaseAllSteps } from '../store/steps.ts';
import { runLoop, type Loop } from './loop.ts';
import { createReaper, endOverdueJobs } from './reap-leases.ts';
import { createHeir, HEIR_MS, stepOwner } from './take-over-steps.ts';
import { createOrphanSweep } from './sweep-orphans.ts';
import { collectGarbage, collectPackages, expireJobData, forget } from './retention.ts';

/** Steps that run at the same time; most of them wait for a network or a disk. */
const STEP_LOOPS = 4;
const STEP_POLL_MS = 1000;
const REAP_MS = 500;
const RETENTION_MS = 5000;
const FORGET_MS = 60_000;
const DISK_MS = 1000;
const SWEEP_BEAT_MS = 1000;

export interface Scheduler {
  /** Ends the loops; steps in flight are given back. */
  close: () => Promise<void>;
}

export async function startScheduler(ctx: Context): Promise<Scheduler> {
  // The only process on its database: whoever ran a step before is dead. Else deadlines tell.
  if (ctx.store.shared === null) await releaseAllSteps(ctx.store.db);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every loop listens, and each while it waits
  const owner = stepOwner(ctx.store.shared);
  const every = (name: string, ms: number, round: Loop['round']): Loop => ({
    name,
    round,
    wait: (signal) => ctx.signals.wait('never', ms, signal),
  });
  const stepLoops = Array.from({ length: STEP_LOOPS }, (_, i) => ({
    name: `step-${i}`,
    round: (signal: AbortSignal) => runNextStep(ctx, owner, signal),
    wait: (signal: AbortSignal) => ctx.signals.wait('step', STEP_POLL_MS, signal),
  }));
  const loops = [
    ...stepLoops,
    every('reap', REAP_MS, createReaper(ctx)),
    every('heir', HEIR_MS, createHeir(ctx)),
    every('overdue', REAP_MS, () => endOverdueJobs(ctx)),
    every('usage', COUNT_EVERY_MS, () => countUsage(ctx)),
    every('expire', RETENTION_MS, () => expireJobData(ctx)),
    every('packages', RETENTION_MS, () => collectPackages(ctx)),
    every('garbage', RETENTION_MS, () => collectGarbage(ctx)),
    every('disk', DISK_MS, async () => {
      await ctx.disk.look();
      return false;
    }),
    every('orphans', SWEEP_BEAT_MS, createOrphanSweep(ctx)),
    every('forget', FORGET_MS, () => forget(ctx)),
  ].map((loop) => runLoop(loop, ctx.logger, stop.signal));
  return {
    async close() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}
