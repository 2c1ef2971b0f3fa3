/** Files of caches, as callers of the API put and see them. */
import type { Platform } from './platform.ts';

export const CACHE = '/v1/dev/cache';

export interface Level {
  name: string;
  path: string;
  directories: { name: string; path: string }[];
  files: { id: string; name: string; path: string; size: string }[];
}

export function cacheQuery(path: string, scope = 'user'): string {
  return `?${new URLSearchParams({ path, scope }).toString()}`;
}

/** Puts a file into a cache of the platform's caller. */
export async function putIntoCache(
  platform: Platform,
  path: string,
  bytes: string,
  scope = 'user',
): Promise<void> {
  const { url } = await platform.call<{ url: string }>(
    'GET',
    `${CACHE}/upload-url${cacheQuery(path, scope)}`,
  );
  const response = await fetch(url, { method: 'PUT', body: bytes });
  if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`);
}

/** One level, as `folder/` and `file=size`. */
export async function listCache(platform: Platform, path = '', scope = 'user'): Promise<string[]> {
  const level = await platform.call<Level>('GET', CACHE + cacheQuery(path, scope));
  return [
    ...level.directories.map((folder) => folder.path),
    ...level.files.map((file) => `${file.path}=${file.size}`),
  ];
}
