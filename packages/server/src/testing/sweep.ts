/** The sweep of orphans as if hours passed within a call. */
import { utimes } from 'node:fs/promises';
import path from 'node:path';
import { createOrphanSweep } from '../scheduler/sweep-orphans.ts';
import type { TestContext } from './context.ts';

/** More than any test's blob store needs. */
const MAX_BEATS = 10_000;
const LONG_AGO_MS = 100 * 24 * 3_600_000;

/** Sweeps the whole blob store. */
export async function sweepOrphans(ctx: TestContext): Promise<void> {
  let time = 0;
  const beat = createOrphanSweep(ctx, () => time);
  const { sweeps } = ctx.orphans;
  for (let i = 0; ctx.orphans.sweeps === sweeps; i += 1) {
    if (i === MAX_BEATS) throw new Error('the sweep does not end');
    await beat();
    time += ctx.config.leaseMs;
  }
}

/** Makes an object as old as if it had been written so long ago, by the context's clock. */
export async function age(ctx: TestContext, key: string, ms: number): Promise<void> {
  const at = (ctx.now() - ms) / 1000;
  await utimes(path.join(ctx.config.dataDir, 'blobs/objects', key), at, at);
}

/** Makes the database older than anything that a test makes old. */
export async function ageDatabase(ctx: TestContext): Promise<void> {
  await ctx.store.db.updateTable('account').set({ created_at: 0 }).execute();
}

/** All that is stored is from long ago; returns its keys. */
export async function ageAll(ctx: TestContext): Promise<string[]> {
  const keys = await keysBelow(ctx, '');
  for (const key of keys) await age(ctx, key, LONG_AGO_MS);
  return keys;
}

export async function keysBelow(ctx: TestContext, prefix: string): Promise<string[]> {
  const keys = [];
  for await (const key of ctx.blobs.list(prefix)) keys.push(key);
  return keys;
}
