/** Files that users put into caches, by signed links. */
import { notFound, precondition, type ApiError, type CacheScope } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import { BlobTooLarge } from '../../blob/blob-store.ts';
import type { Context } from '../../context.ts';
import { findAccount } from '../../store/accounts.ts';
import {
  cacheFilesAt,
  cacheFilesBelow,
  changeCache,
  findCache,
  lockCache,
  saveCacheFile,
} from '../../store/caches.ts';
import { insertGarbage } from '../../store/records.ts';
import type { Db } from '../../store/store.ts';
import type { CacheFileRow, CacheRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { requireSpace, whileRoom } from '../require-space.ts';
import {
  cacheIdOf,
  cacheWords,
  foldersAbove,
  requireCachePath,
  READ_MS,
  requireCacheWriter,
  SHARED_CACHE,
} from './cache.ts';
import { noteCacheChange } from './versions.ts';

/** Listing, comparing and following a cache look at each of its files. */
const MAX_FILES = 10_000;

export interface CachePlace {
  cache: string;
  path: string;
}

/** Where a file may be put, for a link that says so; refused at once where it could not be put. */
export async function placeInCache(
  ctx: Context,
  account: Account,
  { path, scope }: { path: string; scope?: CacheScope | undefined },
): Promise<CachePlace> {
  requireCacheWriter(account, scope);
  const place = { cache: cacheIdOf(account, scope), path: requireCachePath(path) };
  const replaced = await replacedBy(ctx.store.db, place);
  const cache = await findCache(ctx.store.db, place.cache);
  requireRoomIn(ctx, place.cache, cache, { replaced, size: 0 });
  return place;
}

export interface IncomingCacheFile extends CachePlace {
  body: AsyncIterable<Uint8Array>;
  /** As announced. */
  size: number | null;
  signal: AbortSignal;
}

/** Takes the file of a signed link, in place of an earlier one of its path. */
export async function putCacheFile(ctx: Context, incoming: IncomingCacheFile): Promise<void> {
  const { cache: id, path, size: announced } = incoming;
  await requireHolder(ctx, id);
  await requireSpace(ctx, announced ?? 0);
  const seen = await findCache(ctx.store.db, id);
  const replaced = await replacedBy(ctx.store.db, incoming);
  const room = requireRoomIn(ctx, id, seen, { replaced, size: announced ?? 0 });
  const key = `cache/${id}/${uuidv7()}`;
  const { size, sha256 } = await store(ctx, key, incoming, room);
  try {
    await ctx.store.transact(async (tx) => {
      const cache = await lockCache(tx, id);
      const before = await replacedBy(tx, incoming);
      requireRoomIn(ctx, id, cache, { replaced: before, size });
      if (before !== undefined) await insertGarbage(tx, before.key, ctx.now() + READ_MS);
      const change = {
        removed: null,
        bytes: size - (before?.size_bytes ?? 0),
        files: before === undefined ? 1 : 0,
      };
      const revision = await changeCache(tx, cache, change);
      await saveCacheFile(tx, { cache: id, path, revision, key, size_bytes: size, sha256 });
    });
  } catch (error) {
    await ctx.blobs.deletePrefix(key);
    throw error;
  }
  noteCacheChange(ctx.store, id);
}

/** A link outlives its account's being disabled, but is worth nothing then. */
async function requireHolder(ctx: Context, cache: string): Promise<void> {
  if (cache === SHARED_CACHE) return;
  const account = await findAccount(ctx.store.db, cache);
  if (account === undefined || account.disabled !== 0) throw notFound('cache');
}

/** The file that a new one takes the place of; refuses paths that are taken in another way. */
async function replacedBy(db: Db, { cache, path }: CachePlace): Promise<CacheFileRow | undefined> {
  const [below] = await cacheFilesBelow(db, cache, path, 1);
  if (below !== undefined) {
    throw precondition(`${path} is a folder of ${cacheWords(cache)}: delete it first`);
  }
  const found = await cacheFilesAt(db, cache, [path, ...foldersAbove(path)]);
  const above = found.find((file) => file.path !== path);
  if (above === undefined) return found[0];
  throw precondition(
    `${above.path} is a file of ${cacheWords(cache)}, so nothing can lie below it: delete it first`,
  );
}

/** How large a file may be that takes the place of another; refuses one that is known to be larger. */
function requireRoomIn(
  ctx: Context,
  id: string,
  cache: CacheRow | undefined,
  { replaced, size }: { replaced: CacheFileRow | undefined; size: number },
): number {
  if (replaced === undefined && (cache?.files ?? 0) >= MAX_FILES) {
    throw precondition(
      `${cacheWords(id)} holds ${MAX_FILES} files and takes no more: delete some first`,
    );
  }
  const used = cache?.size_bytes ?? 0;
  const room = limitOf(ctx, id) - used + (replaced?.size_bytes ?? 0);
  if (size > room) throw noRoom(ctx, id, used);
  return Math.max(0, room);
}

function limitOf({ config }: Context, cache: string): number {
  const { shared, user } = config.cacheBytes;
  return cache === SHARED_CACHE ? shared : user;
}

function noRoom(ctx: Context, cache: string, used: number): ApiError {
  const mib = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return precondition(
    `${cacheWords(cache)} has no room for the file: it keeps at most ${mib(limitOf(ctx, cache))}, ` +
      `and ${mib(used)} are used. Delete files from it, or ask the platform's operator for more`,
  );
}

async function store(ctx: Context, key: string, incoming: IncomingCacheFile, maxBytes: number) {
  const { body, signal } = incoming;
  try {
    return await ctx.blobs.put(key, whileRoom(ctx, body, 'new work'), { signal, maxBytes });
  } catch (error) {
    if (!(error instanceof BlobTooLarge)) throw error;
    const cache = await findCache(ctx.store.db, incoming.cache);
    throw noRoom(ctx, incoming.cache, cache?.size_bytes ?? 0);
  }
}
