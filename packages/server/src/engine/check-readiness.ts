import { ApiError } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../context.ts';
import { pingStore } from '../store/meta.ts';

/** Probes come often and each of them writes: an answer stands this long. */
const ANSWER_MS = 1000;

export interface ReadinessProbe {
  /** Resolves when the database answers and the blob store takes writes; else 503. */
  check: () => Promise<void>;
}

export function createReadinessProbe(ctx: Context): ReadinessProbe {
  let last: { at: number; answer: Promise<void> } | undefined;
  return {
    check() {
      const now = ctx.now();
      if (last === undefined || now - last.at >= ANSWER_MS || now < last.at) {
        last = { at: now, answer: probe(ctx) };
      }
      return last.answer;
    },
  };
}

async function probe(ctx: Context): Promise<void> {
  await named('database', ctx, () => pingStore(ctx.store.db));
  await named('blob store', ctx, async () => {
    const key = `health/${uuidv7()}`;
    await ctx.blobs.put(key, new Uint8Array());
    await ctx.blobs.deletePrefix(key);
  });
}

async function named(part: string, ctx: Context, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    ctx.logger.error({ err: error, part }, 'not ready');
    throw new ApiError('UNAVAILABLE', `${part} does not answer`, { retryAfter: 1, cause: error });
  }
}
