/** Lays the input of an attempt into its folder. */
import { closeSync, fchownSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createHash, hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { BundleEntry, INPUT_PATHS } from '@bytenite/contract';
import type { AttemptFolder } from './attempt-folder.ts';
import { StageError } from './errors.ts';
import { StreamReader } from './stream-reader.ts';

/** Up to this size a file is gathered and written at once; the calls cost more than the bytes. */
const SMALL_FILE_BYTES = 256 * 1024;
const FILE_MODE = 0o644;

export interface StagedSize {
  bytes: number;
  /** Files and folders. */
  entries: number;
}

/** Writes a file stream (see file-stream.ts of the contract) and returns how much that was. */
export async function stageStream(
  folder: AttemptFolder,
  stream: AsyncIterable<Uint8Array>,
): Promise<StagedSize> {
  const reader = new StreamReader(stream);
  const made = new Set<string>();
  const size = { bytes: 0, entries: 0 };
  for (;;) {
    const line: unknown = JSON.parse(await reader.line());
    if (typeof line === 'object' && line !== null && 'end' in line) return size;
    const entry = BundleEntry.parse(line);
    const path = placeOf(folder, entry.path);
    size.entries += 1 + makeParents(folder, path, made);
    const sha256 =
      entry.size <= SMALL_FILE_BYTES
        ? await writeSmall(folder, path, reader, entry.size)
        : await writeLarge(folder, path, reader, entry.size);
    // A range of a larger file has no digest of its own.
    if (entry.sha256 !== '' && sha256 !== entry.sha256) {
      throw new StageError('INPUT_FAILED', `${entry.path} arrived damaged: its SHA-256 differs`);
    }
    size.bytes += entry.size;
  }
}

/** The file's path, after the check that it lies where the server may write. */
function placeOf(folder: AttemptFolder, path: string): string {
  const segments = path.split('/');
  const isPlain = segments.every((s) => s !== '' && s !== '.' && s !== '..' && !s.includes('\0'));
  const roots: string[] = [INPUT_PATHS.source, INPUT_PATHS.results];
  const isExpected =
    path === INPUT_PATHS.chunk ||
    path === INPUT_PATHS.manifest ||
    (segments.length > 1 && roots.includes(segments[0] as string));
  if (!isPlain || !isExpected) {
    throw new StageError('INPUT_FAILED', `the server sent a file to an unexpected path: ${path}`);
  }
  return join(folder.path, path);
}

/** Returns how many folders that took. */
function makeParents(folder: AttemptFolder, path: string, made: Set<string>): number {
  const dir = dirname(path);
  if (made.has(dir)) return 0;
  const first = mkdirSync(dir, { recursive: true, mode: 0o755 });
  let count = 0;
  // Every folder from the first new one down belongs to the task.
  for (let made = dir; first !== undefined && made.length >= first.length; made = dirname(made)) {
    folder.giveToTask(made);
    count++;
  }
  made.add(dir);
  return count;
}

function writeFile(folder: AttemptFolder, path: string, bytes: Uint8Array): void {
  const fd = openSync(path, 'wx', FILE_MODE);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    if (folder.uid !== null) fchownSync(fd, folder.uid, folder.uid);
  } finally {
    closeSync(fd);
  }
}

async function writeSmall(
  folder: AttemptFolder,
  path: string,
  reader: StreamReader,
  size: number,
): Promise<string> {
  const bytes = await reader.bytes(size);
  writeFile(folder, path, bytes);
  return hash('sha256', bytes, 'base64url');
}

async function writeLarge(
  folder: AttemptFolder,
  path: string,
  reader: StreamReader,
  size: number,
): Promise<string> {
  const digest = createHash('sha256');
  const file = await open(path, 'wx', FILE_MODE);
  try {
    for await (const part of reader.parts(size)) {
      digest.update(part);
      await writeAll(file, part);
    }
    if (folder.uid !== null) await file.chown(folder.uid, folder.uid);
  } finally {
    await file.close();
  }
  return digest.digest('base64url');
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}
