import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

import { BlobNotFound, BlobRangeInvalid, assertBlobKey, assertBlobRange } from './blob-store.ts';
import type { BlobRange, BlobStore } from './blob-store.ts';
import { listObjects } from './disk-list.ts';
import { writeObject } from './disk-write.ts';
import { createFolderSync } from './folder-sync.ts';
import { createOpenFiles } from './open-files.ts';
import type { OpenFiles } from './open-files.ts';

export interface DiskBlobStoreOptions {
  dir: string;
  /** Other processes write there too; on a file system that shows all of them the same. */
  shared?: boolean;
  /** Files kept open for read(); default 256. */
  maxOpenFiles?: number;
}

const DEFAULT_OPEN_FILES = 256;
const UNCHECKED_READ_BYTES = 256 * 1024;

/** What a living process writes has not stood still for so long. */
const DEAD_MS = 24 * 3600 * 1000;

/**
 * Opens a blob store in a folder, which it creates (0700). Objects are `<dir>/objects/<key>`.
 * Unless it is shared, what lies in `<dir>/tmp` belongs to a dead process and is removed.
 */
export async function openDiskBlobStore(options: DiskBlobStoreOptions): Promise<BlobStore> {
  const objects = join(options.dir, 'objects');
  const tmp = join(options.dir, 'tmp');
  await mkdir(objects, { recursive: true, mode: 0o700 });
  await mkdir(tmp, { recursive: true, mode: 0o700 });
  await clean(tmp, options.shared === true ? Date.now() - DEAD_MS : Infinity);
  const folders = createFolderSync(objects);
  await folders.sync(options.dir);
  const files = createOpenFiles(options.maxOpenFiles ?? DEFAULT_OPEN_FILES);
  const own = randomUUID();
  let lastTemp = 0;

  function pathOf(key: string): string {
    assertBlobKey(key);
    return `${objects}/${key}`;
  }

  function newTempPath(): string {
    lastTemp += 1;
    return `${tmp}/${own}-${lastTemp}`;
  }

  async function deletePrefix(prefix: string): Promise<void> {
    const path = pathOf(withoutSlash(prefix));
    const grave = newTempPath();
    try {
      // Moved away first: the keys vanish at once, and a put that comes meanwhile is not swept along.
      await rename(path, grave);
    } catch (error) {
      if (isAbsence(error)) return;
      throw error;
    }
    folders.forget(path);
    files.forget(path);
    await folders.sync(dirname(path));
    await rm(grave, { recursive: true, force: true });
  }

  return {
    put: async (key, body, putOptions = {}) =>
      writeObject({ key, path: pathOf(key), temp: newTempPath(), body }, folders, putOptions),
    stream: async (key, range, signal) => openStream(pathOf(key), key, range, signal),
    read: async (key, range) => readRange(files, pathOf(key), key, range),
    size: async (key) => sizeOf(pathOf(key), key),
    async stat(key) {
      const { size, mtimeMs } = await statObject(pathOf(key), key);
      return { size, writtenAt: mtimeMs };
    },
    deletePrefix,
    list(prefix) {
      const key = withoutSlash(prefix);
      if (key !== '') assertBlobKey(key);
      return listObjects(objects, key);
    },
    close: () => files.close(),
  };
}

async function clean(folder: string, before: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < before) await rm(path, { recursive: true, force: true });
  }
}

async function openStream(
  path: string,
  key: string,
  range: BlobRange | undefined,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  signal?.throwIfAborted();
  const file = await open(path, 'r').catch((error: unknown) => {
    throw readError(error, key);
  });
  try {
    await checkReadable(file, key, range);
  } catch (error) {
    await file.close();
    throw error;
  }
  if (range?.length === 0) {
    await file.close();
    return Readable.from([]);
  }
  const stream = file.createReadStream({
    ...(range && { start: range.offset, end: range.offset + range.length - 1 }),
    ...(signal && { signal }),
  });
  // An abort may come before anyone reads: that must not end the process. A reader still gets the error.
  stream.on('error', () => undefined);
  return stream;
}

async function checkReadable(
  file: FileHandle,
  key: string,
  range: BlobRange | undefined,
): Promise<void> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new BlobNotFound(key);
  if (range === undefined) return;
  assertBlobRange(key, range);
  if (range.offset + range.length > stats.size) throw new BlobRangeInvalid(key, range);
}

async function readRange(
  files: OpenFiles,
  path: string,
  key: string,
  range: BlobRange,
): Promise<Buffer> {
  assertBlobRange(key, range);
  // Reading shows the end of the file, but not to an empty read, and only after the memory was allocated.
  const isChecked = range.length === 0 || range.length > UNCHECKED_READ_BYTES;
  if (isChecked && range.offset + range.length > (await sizeOf(path, key)))
    throw new BlobRangeInvalid(key, range);
  const buffer = await files.read(path, range.offset, range.length).catch((error: unknown) => {
    throw readError(error, key);
  });
  if (buffer.byteLength < range.length) throw new BlobRangeInvalid(key, range);
  return buffer;
}

async function sizeOf(path: string, key: string): Promise<number> {
  return (await statObject(path, key)).size;
}

async function statObject(path: string, key: string): Promise<Stats> {
  const stats = await stat(path).catch((error: unknown) => {
    throw readError(error, key);
  });
  if (!stats.isFile()) throw new BlobNotFound(key);
  return stats;
}

function withoutSlash(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
}

function readError(error: unknown, key: string): unknown {
  return isAbsence(error) ? new BlobNotFound(key, { cause: error }) : error;
}

/** A key that names a folder, or lies below an object, is as absent as any other. */
function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
