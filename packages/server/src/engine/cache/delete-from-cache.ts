import { notFound, type CacheScope } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import {
  cacheFilesAt,
  cacheFilesBelow,
  changeCache,
  deleteCacheFiles,
  lockCache,
} from '../../store/caches.ts';
import { insertGarbageOfAll } from '../../store/records.ts';
import type { Account } from '../auth/account.ts';
import {
  cacheIdOf,
  isAtOrBelow,
  READ_MS,
  requireCacheFolder,
  requireCacheWriter,
} from './cache.ts';
import { listedFiles } from './listed-files.ts';
import { noteCacheChange } from './versions.ts';

/**
 * Removes a file, or a folder with its contents. Runners follow before their next task that uses the cache,
 * and remove there what tasks have left as well.
 */
export async function deleteFromCache(
  ctx: Context,
  account: Account,
  { path, scope }: { path: string; scope?: CacheScope | undefined },
): Promise<void> {
  requireCacheWriter(account, scope);
  const removed = requireCacheFolder(path);
  const id = cacheIdOf(account, scope);
  const isOnRunners = scope !== 'shared' && (await isListed(ctx, account.id, removed));
  await ctx.store.transact(async (tx) => {
    const cache = await lockCache(tx, id);
    const files = await cacheFilesBelow(tx, id, removed);
    if (removed !== '') files.push(...(await cacheFilesAt(tx, id, [removed])));
    if (files.length === 0 && removed !== '' && !isOnRunners) throw notFound(removed);
    const keys = files.map(({ key }) => key);
    await insertGarbageOfAll(tx, keys, ctx.now() + READ_MS);
    await deleteCacheFiles(
      tx,
      id,
      files.map((file) => file.path),
    );
    const bytes = files.reduce((sum, file) => sum + file.size_bytes, 0);
    await changeCache(tx, cache, { removed, bytes: -bytes, files: -files.length });
  });
  noteCacheChange(ctx.store, id);
}

/** Whether a runner has it, or may have it: not all may be listed. */
async function isListed(ctx: Context, account: string, path: string): Promise<boolean> {
  const { sizes, isCut } = await listedFiles(ctx.store.reads, account);
  return isCut || [...sizes.keys()].some((file) => isAtOrBelow(file, path));
}
