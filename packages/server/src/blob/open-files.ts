import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { LRUCache } from 'lru-cache';

export interface OpenFiles {
  /** Reads at most `length` bytes at `offset`; fewer at the end of the file. */
  read(path: string, offset: number, length: number): Promise<Buffer>;
  /** Closes the files at and below a path as soon as the reads under way are done. */
  forget(path: string): void;
  /** Closes all files. */
  close(): Promise<void>;
}

interface OpenFile {
  handle: Promise<FileHandle>;
  readers: number;
  isEvicted: boolean;
}

/** A bounded set of files kept open for reading, the least recently used closed first. */
export function createOpenFiles(max: number): OpenFiles {
  const closing = new Set<Promise<void>>();
  const files = new LRUCache<string, OpenFile>({
    max,
    dispose(file) {
      file.isEvicted = true;
      closeIfIdle(file);
    },
  });

  function closeIfIdle(file: OpenFile): void {
    if (!file.isEvicted || file.readers > 0) return;
    const closed = file.handle
      .then((handle) => handle.close())
      .catch(() => undefined) // it never opened, or a read-only file could not be closed: nothing to save
      .finally(() => closing.delete(closed));
    closing.add(closed);
  }

  function acquire(path: string): OpenFile {
    let file = files.get(path);
    if (file === undefined) {
      const opened: OpenFile = { handle: open(path, 'r'), readers: 0, isEvicted: false };
      opened.handle.catch(() => {
        if (files.peek(path) === opened) files.delete(path);
      });
      files.set(path, opened);
      file = opened;
    }
    file.readers += 1;
    return file;
  }

  async function read(path: string, offset: number, length: number): Promise<Buffer> {
    const file = acquire(path);
    try {
      return await readFully(await file.handle, offset, length);
    } finally {
      file.readers -= 1;
      closeIfIdle(file);
    }
  }

  function forget(path: string): void {
    for (const name of files.keys()) {
      if (name === path || name.startsWith(`${path}/`)) files.delete(name);
    }
  }

  async function close(): Promise<void> {
    files.clear();
    await Promise.all(closing);
  }

  return { read, forget, close };
}

async function readFully(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === length ? buffer : buffer.subarray(0, filled);
}
