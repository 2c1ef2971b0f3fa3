import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';

/** The keys at and below a key (`''`: all) under the objects folder, in byte order. */
export async function* listObjects(objects: string, key: string): AsyncGenerator<string> {
  let entries: Dirent[];
  try {
    entries = await readdir(key === '' ? objects : `${objects}/${key}`, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR' && (await isFile(`${objects}/${key}`))) yield key;
    else if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
    return;
  }
  // The slash takes part in the order: `a.b` comes before `a/b`, as in an S3 listing.
  const names = entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort(compareAscii);
  for (const name of names) {
    const path = key === '' ? name : `${key}/${name}`;
    if (name.endsWith('/')) yield* listObjects(objects, path.slice(0, -1));
    else yield path;
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

function compareAscii(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
