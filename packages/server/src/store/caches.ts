/** Caches, the files that were put into them, and their last changes. */
import { randomBytes } from 'node:crypto';
import { FIRST_VERSION } from '@bytenite/contract';
import { locksRows } from './dialect.ts';
import type { Db, Tx } from './store.ts';
import type { CacheFileRow, CacheRow } from './tables.ts';

/** A runner that has missed more changes than this begins anew. */
const CHANGES_KEPT = 10_000;
/** Names in one statement. */
const NAMES_AT_ONCE = 500;

export async function findCache(db: Db, id: string): Promise<CacheRow | undefined> {
  return db.selectFrom('cache').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findCaches(db: Db, ids: readonly string[]): Promise<CacheRow[]> {
  return db
    .selectFrom('cache')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute();
}

/** The row of a cache, made if need be, which nobody else changes meanwhile. */
export async function lockCache(tx: Tx, id: string): Promise<CacheRow> {
  await tx
    .insertInto('cache')
    .values({ id, revision: 0, token: '', size_bytes: 0, files: 0 })
    .onConflict((c) => c.doNothing())
    .execute();
  return tx
    .selectFrom('cache')
    .selectAll()
    .where('id', '=', id)
    .$if(locksRows(tx), (query) => query.forNoKeyUpdate())
    .executeTakeFirstOrThrow();
}

/** What runners compare: equal only where a cache has the same history. */
export function versionOf(cache: Pick<CacheRow, 'revision' | 'token'> | undefined): string {
  return cache === undefined || cache.revision === 0
    ? FIRST_VERSION
    : `${cache.revision}.${cache.token}`;
}

export interface Change {
  /** What is removed, `''` for all; null where a file is put. */
  removed: string | null;
  /** By how much the cache grows. */
  bytes: number;
  files: number;
}

/** Gives a locked cache its next version, which is returned. */
export async function changeCache(
  tx: Tx,
  cache: CacheRow,
  { removed, bytes, files }: Change,
): Promise<number> {
  // Tells this history from another that has come as far.
  const token = randomBytes(9).toString('base64url');
  const revision = cache.revision + 1;
  const sizes = { size_bytes: cache.size_bytes + bytes, files: cache.files + files };
  await tx
    .updateTable('cache')
    .set({ revision, token, ...sizes })
    .where('id', '=', cache.id)
    .execute();
  await tx
    .insertInto('cache_change')
    .values({ cache: cache.id, revision, token, removed })
    .execute();
  await tx
    .deleteFrom('cache_change')
    .where('cache', '=', cache.id)
    .where('revision', '<=', revision - CHANGES_KEPT)
    .execute();
  return revision;
}

export async function saveCacheFile(tx: Tx, file: CacheFileRow): Promise<void> {
  const { cache: _, path: __, ...patch } = file;
  await tx
    .insertInto('cache_file')
    .values(file)
    .onConflict((c) => c.columns(['cache', 'path']).doUpdateSet(patch))
    .execute();
}

/** Those of some paths that are files of the cache. */
export async function cacheFilesAt(
  db: Db,
  cache: string,
  paths: readonly string[],
): Promise<CacheFileRow[]> {
  return db
    .selectFrom('cache_file')
    .selectAll()
    .where('cache', '=', cache)
    .where('path', 'in', [...paths])
    .execute();
}

/** Files below a folder, `''` for all, in no order. Texts compare byte by byte, and `0` follows `/`. */
export async function cacheFilesBelow(
  db: Db,
  cache: string,
  folder: string,
  limit?: number,
): Promise<CacheFileRow[]> {
  return db
    .selectFrom('cache_file')
    .selectAll()
    .where('cache', '=', cache)
    .$if(folder !== '', (query) =>
      query.where('path', '>=', `${folder}/`).where('path', '<', `${folder}0`),
    )
    .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
    .execute();
}

export async function deleteCacheFiles(
  tx: Tx,
  cache: string,
  paths: readonly string[],
): Promise<void> {
  for (let i = 0; i < paths.length; i += NAMES_AT_ONCE) {
    await tx
      .deleteFrom('cache_file')
      .where('cache', '=', cache)
      .where('path', 'in', paths.slice(i, i + NAMES_AT_ONCE))
      .execute();
  }
}

/** Files that were put after a revision, the first first. */
export async function cacheFilesSince(
  db: Db,
  cache: string,
  revision: number,
): Promise<CacheFileRow[]> {
  return db
    .selectFrom('cache_file')
    .selectAll()
    .where('cache', '=', cache)
    .where('revision', '>', revision)
    .orderBy('revision')
    .execute();
}

/**
 * The revision of a version, where every change since is known; null for a version of another history, such
 * as the one that a restored backup does not have.
 */
export async function knownRevision(
  db: Db,
  cache: Pick<CacheRow, 'id' | 'revision'>,
  version: string,
): Promise<number | null> {
  const [, digits, token] = /^(\d{1,15})(?:\.([\w-]{1,64}))?$/.exec(version) ?? [];
  if (digits === undefined) return null;
  const revision = Number(digits);
  if (version === FIRST_VERSION) return cache.revision <= CHANGES_KEPT ? 0 : null;
  const change = await db
    .selectFrom('cache_change')
    .select('token')
    .where('cache', '=', cache.id)
    .where('revision', '=', revision)
    .executeTakeFirst();
  return change !== undefined && change.token === token ? revision : null;
}

/** What was removed after a revision, the first first; `''` stands for all. */
export async function removedSince(
  db: Db,
  cache: string,
  revision: number,
): Promise<{ revision: number; path: string }[]> {
  const rows = await db
    .selectFrom('cache_change')
    .select(['revision', 'removed'])
    .where('cache', '=', cache)
    .where('revision', '>', revision)
    .where('removed', 'is not', null)
    .orderBy('revision')
    .execute();
  return rows.map((row) => ({ revision: row.revision, path: row.removed ?? '' }));
}
