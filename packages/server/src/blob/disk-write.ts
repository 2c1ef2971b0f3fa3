import { link, open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { BlobExists } from './blob-store.ts';
import type { BlobBody, BlobInfo, PutOptions } from './blob-store.ts';
import { abortable, createMeter, partsInMemory } from './body.ts';
import type { Meter } from './body.ts';
import type { FolderSync } from './folder-sync.ts';

const WRITE_BYTES = 256 * 1024; // small parts of a stream are gathered to this size for one write

export interface NewObject {
  key: string;
  /** Where the finished object will lie. */
  path: string;
  /** Where it is written first, on the same file system. */
  temp: string;
  body: BlobBody;
}

/** Writes an object beside its place, syncs it and links it into place, durably; leaves nothing on failure. */
export async function writeObject(
  object: NewObject,
  folders: FolderSync,
  { signal, maxBytes }: PutOptions,
): Promise<BlobInfo> {
  signal?.throwIfAborted();
  const file = await open(object.temp, 'wx', 0o600);
  try {
    const info = await writeSynced(file, object.body, createMeter(object.key, maxBytes), signal);
    signal?.throwIfAborted();
    await publish(object, folders);
    return info;
  } finally {
    await unlink(object.temp);
  }
}

async function publish({ key, path, temp }: NewObject, folders: FolderSync): Promise<void> {
  const folder = dirname(path);
  try {
    await linkInto(folder, temp, path, folders);
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? new BlobExists(key) : error;
  }
  try {
    await folders.sync(folder);
  } catch (error) {
    await unlink(path);
    throw error;
  }
}

/** link() refuses to overwrite, which rename() cannot. */
async function linkInto(
  folder: string,
  temp: string,
  path: string,
  folders: FolderSync,
): Promise<void> {
  await folders.ensure(folder);
  try {
    await link(temp, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    folders.forget(folder); // deletePrefix removed the folder meanwhile
    await folders.ensure(folder);
    await link(temp, path);
  }
}

async function writeSynced(
  file: FileHandle,
  body: BlobBody,
  meter: Meter,
  signal: AbortSignal | undefined,
): Promise<BlobInfo> {
  try {
    const parts = partsInMemory(body);
    if (parts === null) {
      await writeStream(file, abortable(body as AsyncIterable<Uint8Array>, signal), meter);
    } else {
      for (const part of parts) meter.add(part);
      await writeParts(file, parts);
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  return meter.info();
}

async function writeStream(
  file: FileHandle,
  body: AsyncIterable<Uint8Array>,
  meter: Meter,
): Promise<void> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    meter.add(part);
    parts.push(part);
    bytes += part.byteLength;
    if (bytes < WRITE_BYTES) continue;
    await writeParts(file, parts);
    parts = [];
    bytes = 0;
  }
  await writeParts(file, parts);
}

async function writeParts(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let rest = parts.filter((part) => part.byteLength > 0);
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest);
    rest = dropBytes(rest, bytesWritten);
  }
}

/** What is left of the parts after a write that may have been short. */
function dropBytes(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  const rest: Uint8Array[] = [];
  for (const part of parts) {
    if (skipped >= part.byteLength) {
      skipped -= part.byteLength;
      continue;
    }
    rest.push(part.subarray(skipped));
    skipped = 0;
  }
  return rest;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
