import type { Context } from '../context.ts';
import { syncRunners } from '../engine/runners/sync-runners.ts';
import { runLoop } from './loop.ts';

/** Between servers of one database. */
const SHARED_MS = 2000;
/** A server alone knows all; this is for whoever looks after a restart. */
const ALONE_MS = 60_000;

/** For each server that runners talk to. Resolves when it has ended. */
export function keepRunnersInSync(ctx: Context, signal: AbortSignal): Promise<void> {
  const ms = ctx.store.shared === null ? ALONE_MS : SHARED_MS;
  const loop = {
    name: 'runners',
    round: async () => {
      await syncRunners(ctx);
      return false;
    },
    wait: (stop: AbortSignal) => ctx.signals.wait('runner', ms, stop),
  };
  return runLoop(loop, ctx.logger, signal);
}
