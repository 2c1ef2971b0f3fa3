/**
 * The sweep of orphans: walks through the blob store, a few objects a beat, and removes those that no row
 * names. An object lies there before the transaction that names it, so it goes only when it is older than
 * whatever may still be named, and when a second look, a lease later, finds it unnamed again: clocks jump, and
 * a machine that stood still for days goes on with what it was about to commit. Nor does anything go that may
 * be another database's, should this one have been put in its place.
 */
import { BlobNotFound, type BlobStat } from '../blob/blob-store.ts';
import type { Context } from '../context.ts';
import { orphansAmong } from '../engine/orphans.ts';
import { otherInstallations } from '../installation.ts';
import { bornAt } from '../store/named-blobs.ts';
import { eachOrLog } from './each.ts';

const HOUR_MS = 3600 * 1000;
const SWEEP_EVERY_MS = 6 * HOUR_MS;
const AFTER_ERROR_MS = 60_000;
/** Beside the time that an attempt may take to bring out its results. */
const GRACE_MS = 24 * HOUR_MS;
/** So many are looked at in one beat, and as many wait for their second look. */
const PER_BEAT = 1000;

interface Suspect {
  key: string;
  size: number;
}

interface Sweep {
  keys: AsyncIterator<string>;
  /** What was written earlier is not this database's. */
  bornAt: number;
  isListed: boolean;
  suspects: Suspect[];
  /** When the last of them was suspected. */
  suspectedAt: number;
  removed: number;
  bytes: number;
}

/** One beat a call; `monotonic` counts milliseconds while the machine runs. */
export function createOrphanSweep(
  ctx: Context,
  monotonic: () => number = () => performance.now(),
): () => Promise<boolean> {
  let sweep: Sweep | null = null;
  let nextAt = 0;
  return async () => {
    if (sweep === null && monotonic() < nextAt) return false;
    try {
      sweep ??= await begin(ctx);
      if (!(await beat(ctx, sweep, monotonic()))) return false;
    } catch (error) {
      sweep = null;
      nextAt = monotonic() + AFTER_ERROR_MS;
      throw error;
    }
    const { removed, bytes } = sweep;
    if (removed > 0) ctx.logger.info({ removed, bytes }, 'orphan blobs were removed');
    ctx.orphans.sweeps += 1;
    sweep = null;
    nextAt = monotonic() + SWEEP_EVERY_MS;
    return false;
  };
}

async function begin(ctx: Context): Promise<Sweep> {
  const others = await otherInstallations(ctx.store.db, ctx.blobs);
  if (others.length > 0) ctx.logger.warn({ keys: others.slice(0, 10) }, FOREIGN);
  const listed = others.length > 0 ? nothing() : ctx.blobs.list('');
  return {
    keys: listed[Symbol.asyncIterator](),
    bornAt: await bornAt(ctx.store.db),
    isListed: false,
    suspects: [],
    suspectedAt: 0,
    removed: 0,
    bytes: 0,
  };
}

const FOREIGN =
  'orphan blobs are not removed, because another database has files here too: delete its objects named here once it is gone';

async function* nothing(): AsyncGenerator<string> {}

/** Looks at some objects for the first time, or at suspects again; true when nothing is left to do. */
async function beat(ctx: Context, sweep: Sweep, now: number): Promise<boolean> {
  const isFull = sweep.isListed || sweep.suspects.length >= PER_BEAT;
  if (!isFull) await lookAtNext(ctx, sweep, now);
  else if (sweep.suspects.length > 0 && now >= sweep.suspectedAt + ctx.config.leaseMs) {
    // A backup goes on copying what its snapshot names.
    if (await ctx.backups.expire(ctx.now())) return false;
    await removeOrphans(ctx, sweep);
  }
  return sweep.isListed && sweep.suspects.length === 0;
}

async function lookAtNext(ctx: Context, sweep: Sweep, now: number): Promise<void> {
  const writtenBefore = ctx.now() - GRACE_MS - ctx.config.stagingMs;
  const old = new Map<string, Suspect>();
  for (let i = 0; i < PER_BEAT; i += 1) {
    const { value: key, done } = await sweep.keys.next();
    sweep.isListed = done === true;
    if (done) break;
    const stat = await statOf(ctx, key);
    if (stat === null || stat.writtenAt < sweep.bornAt) continue;
    if (stat.writtenAt < writtenBefore) old.set(key, { key, size: stat.size });
  }
  for (const key of await orphansAmong(ctx, [...old.keys()])) {
    const suspect = old.get(key);
    if (suspect === undefined) continue;
    sweep.suspects.push(suspect);
    sweep.suspectedAt = now;
  }
}

/** Null for what was deleted since it was listed. */
async function statOf(ctx: Context, key: string): Promise<BlobStat | null> {
  return ctx.blobs.stat(key).catch((error: unknown) => {
    if (error instanceof BlobNotFound) return null;
    throw error;
  });
}

async function removeOrphans(ctx: Context, sweep: Sweep): Promise<void> {
  const sizes = new Map(sweep.suspects.map(({ key, size }) => [key, size]));
  sweep.suspects = [];
  await eachOrLog(await orphansAmong(ctx, [...sizes.keys()]), ctx.logger, async (key) => {
    await ctx.blobs.deletePrefix(key);
    const size = sizes.get(key) ?? 0;
    for (const tally of [sweep, ctx.orphans]) {
      tally.removed += 1;
      tally.bytes += size;
    }
  });
}
