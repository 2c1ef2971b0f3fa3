import type { Context } from '../context.ts';
import { largestMemory } from './runners.ts';
import type { EndOptions } from './transitions/end-attempts.ts';

/** As things are now. */
export function endOptions(ctx: Context): EndOptions {
  const now = ctx.now();
  return {
    backoff: ctx.config.backoff,
    aloneAfter: ctx.config.aloneAfterLosses,
    random: Math.random,
    now,
    memoryCapBytes: ctx.config.maxTaskMemoryBytes ?? largestMemory(ctx.runners, now),
  };
}
