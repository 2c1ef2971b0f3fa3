/** What lies in users' caches on runners, as they told. */
import type { Insertable, Selectable } from 'kysely';
import type { Db } from './store.ts';
import type { CacheListingTable } from './tables.ts';

export type CacheListingRow = Selectable<CacheListingTable>;

export async function saveCacheListing(
  db: Db,
  listing: Insertable<CacheListingTable>,
): Promise<void> {
  const { account: _, runner: __, ...patch } = listing;
  await db
    .insertInto('cache_listing')
    .values(listing)
    .onConflict((c) => c.columns(['account', 'runner']).doUpdateSet(patch))
    .execute();
}

/** Of the runners that told last. */
export async function cacheListings(
  db: Db,
  account: string,
  limit: number,
): Promise<CacheListingRow[]> {
  return db
    .selectFrom('cache_listing')
    .selectAll()
    .where('account', '=', account)
    .orderBy('listed_at', 'desc')
    .limit(limit)
    .execute();
}

/** Forgets the listings of runners that are not known any more. */
export async function forgetCacheListings(db: Db): Promise<void> {
  await db
    .deleteFrom('cache_listing')
    .where('runner', 'not in', (e) => e.selectFrom('runner').select('id'))
    .execute();
}
