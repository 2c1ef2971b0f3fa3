/** How runners keep up with caches: what version a task must find, and the way there from an older one. */
import {
  encodeFrameLine,
  END_FRAME,
  FIRST_VERSION,
  notFound,
  type CacheHead,
  type CacheRemoval,
  type CacheScope,
  type TaskContext,
} from '@bytenite/contract';
import type { BlobStore } from '../../blob/blob-store.ts';
import type { Context } from '../../context.ts';
import {
  cacheFilesSince,
  findCache,
  knownRevision,
  removedSince,
  versionOf,
} from '../../store/caches.ts';
import { findJobByNo } from '../../store/jobs.ts';
import type { LeaseRow } from '../../store/tables.ts';
import { componentOf, policyOf } from '../job-policy.ts';
import { SHARED_CACHE } from './cache.ts';
import { listingPass } from './save-listing.ts';
import { versionsOf } from './versions.ts';

type Caches = TaskContext['caches'];

/** Names for each context the versions that its tasks must find at least. */
export async function nameCaches(
  ctx: Context,
  runner: string,
  contexts: readonly TaskContext[],
): Promise<void> {
  if (contexts.length === 0) return;
  const owners = new Set(contexts.filter(usesOwnCache).map(({ owner }) => owner));
  const versions = await versionsOf(ctx.store, [SHARED_CACHE, ...owners]);
  const shared = versions.get(SHARED_CACHE) ?? FIRST_VERSION;
  const named = new Map<string, Caches>();
  for (const owner of owners) {
    const user = versions.get(owner) ?? FIRST_VERSION;
    named.set(owner, { user, shared, pass: listingPass(ctx, runner, owner) });
  }
  const ofOthers = { user: FIRST_VERSION, shared, pass: '' };
  for (const context of contexts) {
    context.caches = (usesOwnCache(context) && named.get(context.owner)) || ofOthers;
  }
}

/** A component of another account gets a cache that nobody puts files into. */
function usesOwnCache({ owner, component }: Pick<TaskContext, 'owner' | 'component'>): boolean {
  return owner === component.owner;
}

/** The way from a version to the present one, for the runner of a lease. */
export async function followCache(
  ctx: Context,
  lease: LeaseRow,
  { scope, have }: { scope: CacheScope; have: string },
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const id = scope === 'shared' ? SHARED_CACHE : await userCacheOf(ctx, lease);
  const { db } = ctx.store;
  // First of all: what changes from here on is followed once more.
  const cache = await findCache(db, id);
  const revision = await knownRevision(db, cache ?? { id, revision: 0 }, have);
  const since = revision ?? 0;
  const head: CacheHead = {
    version: versionOf(cache),
    isReset: revision === null,
    totalBytes: cache?.size_bytes ?? 0,
  };
  const removed = revision === null ? [] : await removedSince(db, id, since);
  const files = await cacheFilesSince(db, id, since);
  return linesOf(ctx.blobs, { head, removed, files }, signal);
}

async function userCacheOf(ctx: Context, lease: LeaseRow): Promise<string> {
  const job = await findJobByNo(ctx.store.db, lease.job);
  if (job === undefined) throw notFound('job');
  const policy = await policyOf(ctx.store, ctx.store.db, job.no, job.run);
  const component = componentOf(policy, lease.kind);
  if (job.account !== component.owner) throw notFound('cache');
  return job.account;
}

interface Way {
  head: CacheHead;
  removed: { path: string }[];
  files: { path: string; key: string; size_bytes: number; sha256: string }[];
}

async function* linesOf(
  blobs: BlobStore,
  { head, removed, files }: Way,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield lineOf(head);
  for (const { path } of removed) yield lineOf({ removed: path } satisfies CacheRemoval);
  for (const { path, key, size_bytes: size, sha256 } of files) {
    yield Buffer.from(encodeFrameLine({ path, size, sha256 }));
    yield* await blobs.stream(key, undefined, signal);
  }
  yield Buffer.from(END_FRAME);
}

function lineOf(value: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
