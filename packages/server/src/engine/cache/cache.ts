/** Which cache a call is about, and who may change it. */
import { ApiError, cachePathProblem, invalid, type CacheScope } from '@bytenite/contract';
import type { Account } from '../auth/account.ts';

export const SHARED_CACHE = 'shared';

/** A removed file stays so long: a runner that follows the cache just now has read it by then. */
export const READ_MS = 3600 * 1000;

/** A user's cache goes by the account's id. */
export function cacheIdOf(account: Pick<Account, 'id'>, scope: CacheScope | undefined): string {
  return scope === 'shared' ? SHARED_CACHE : account.id;
}

export function cacheWords(cache: string): string {
  return cache === SHARED_CACHE ? 'the shared cache' : 'the user cache';
}

export function requireCacheWriter(account: Account, scope: CacheScope | undefined): void {
  if (scope !== 'shared' || account.role === 'ROLE_ADMIN') return;
  throw new ApiError(
    'PERMISSION_DENIED',
    'the shared cache is changed by administrators (ROLE_ADMIN) only',
  );
}

/** The path of a file in a cache. */
export function requireCachePath(path: string): string {
  const problem = cachePathProblem(path);
  if (problem === null) return path;
  throw invalid(`path ${problem}`, [{ field: 'path', description: problem }]);
}

/** The path of a folder, `''` for all of the cache: nothing and `/` stand for that, and a folder may end in `/`. */
export function requireCacheFolder(path: string): string {
  if (path === '' || path === '/') return '';
  return requireCachePath(path.replace(/\/$/, ''));
}

/** The folders that a path lies in, the outermost first. */
export function foldersAbove(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join('/'));
}

export function isAtOrBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
