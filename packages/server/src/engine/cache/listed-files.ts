import { cacheListings } from '../../store/cache-listings.ts';
import { findCache, knownRevision, removedSince } from '../../store/caches.ts';
import type { Db } from '../../store/store.ts';
import { foldersAbove } from './cache.ts';

/** Each lists up to MAX_LISTED_FILES; of more runners those that told last are looked at. */
const MAX_RUNNERS = 20;

export interface ListedFiles {
  /** Where several runners have a file, as the one has it that told last. */
  sizes: ReadonlyMap<string, number>;
  /** There may be more. */
  isCut: boolean;
}

/** What lies in an account's cache on its runners, without what was removed since they told. */
export async function listedFiles(db: Db, account: string): Promise<ListedFiles> {
  const sizes = new Map<string, number>();
  const cache = (await findCache(db, account)) ?? { id: account, revision: 0 };
  const listings = await cacheListings(db, account, MAX_RUNNERS);
  let isCut = listings.length === MAX_RUNNERS;
  for (const listing of listings) {
    const revision = await knownRevision(db, cache, listing.version);
    // Of a history that is over: the runner begins anew with its next task.
    if (revision === null) continue;
    const removed = new Set((await removedSince(db, account, revision)).map(({ path }) => path));
    isCut ||= listing.is_cut !== 0;
    for (const [path, size] of JSON.parse(listing.files) as [string, number][]) {
      const isGone = ['', ...foldersAbove(path), path].some((at) => removed.has(at));
      if (!isGone && !sizes.has(path)) sizes.set(path, size);
    }
  }
  return { sizes, isCut };
}
