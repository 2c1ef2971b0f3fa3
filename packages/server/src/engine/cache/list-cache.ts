/** One level of a cache: what was put there, and what runners say that tasks have left in a user's. */
import { notFound, type CacheScope } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { cacheFilesBelow } from '../../store/caches.ts';
import type { Account } from '../auth/account.ts';
import { cacheIdOf, isAtOrBelow, requireCacheFolder } from './cache.ts';
import { listedFiles } from './listed-files.ts';

/** So many of each are shown. */
const MAX_SHOWN = 10_000;

export interface CacheLevel {
  folder: string;
  /** Names, in order. */
  folders: string[];
  files: { name: string; size: number }[];
}

export async function listCache(
  ctx: Context,
  account: Account,
  { path = '', scope }: { path?: string | undefined; scope?: CacheScope | undefined },
): Promise<CacheLevel> {
  const folder = requireCacheFolder(path);
  const cache = cacheIdOf(account, scope);
  const sizes = new Map<string, number>();
  if (scope !== 'shared') {
    const listed = await listedFiles(ctx.store.reads, account.id);
    for (const [file, size] of listed.sizes) {
      if (isAtOrBelow(file, folder)) sizes.set(file, size);
    }
  }
  for (const file of await cacheFilesBelow(ctx.store.reads, cache, folder)) {
    sizes.set(file.path, file.size_bytes);
  }
  sizes.delete(folder);
  if (sizes.size === 0 && folder !== '') throw notFound(`folder ${folder}`);
  return levelOf(folder, sizes);
}

function levelOf(folder: string, sizes: ReadonlyMap<string, number>): CacheLevel {
  const start = folder === '' ? 0 : folder.length + 1;
  const folders = new Set<string>();
  const files: CacheLevel['files'] = [];
  for (const [path, size] of sizes) {
    const [name = '', ...deeper] = path.slice(start).split('/');
    if (deeper.length > 0) folders.add(name);
    else files.push({ name, size });
  }
  return {
    folder,
    folders: [...folders].toSorted().slice(0, MAX_SHOWN),
    files: files.toSorted((a, b) => (a.name < b.name ? -1 : 1)).slice(0, MAX_SHOWN),
  };
}
