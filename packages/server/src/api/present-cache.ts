import type { Directory } from '@bytenite/contract';
import type { CacheLevel } from '../engine/cache/list-cache.ts';

export function presentCache({ folder, folders, files }: CacheLevel): Directory {
  const prefix = folder === '' ? '' : `${folder}/`;
  return {
    name: folder.split('/').at(-1) ?? '',
    path: prefix,
    directories: folders.map((name) => ({
      name,
      path: `${prefix}${name}/`,
      directories: [],
      files: [],
    })),
    files: files.map(({ name, size }) => ({
      id: prefix + name,
      name,
      path: prefix + name,
      size: String(size),
    })),
  };
}
