/**
 * Takes in what a task left behind. It runs only after the task's whole process tree is verified gone
 * and its folder is shut; still nothing in there is trusted: links are never followed, and anything
 * but a plain file with one name ends the attempt with the path in the message.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createHash, hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type BundleEntry, encodeBundleEnd, INLINE_LIMIT } from '@bytenite/contract';
import { StageError } from './errors.ts';

export interface ResultFile {
  path: string;
  size: number;
}

export interface CollectedResults {
  root: string;
  files: ResultFile[];
  bytes: number;
}

export interface ResultLimits {
  entries: number;
  bytes: number;
}

export interface InlineBundle {
  bytes: Buffer;
  sha256: string;
}

const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const READ_BYTES = 256 * 1024;
/** Entries between two breaths of the event loop. */
const ENTRIES_PER_TURN = 512;
/** An index line's fixed part and a path that is all escapes: what a small bundle may need. */
const INDEX_LINE_BYTES = 96;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Lists the files below `root`, after checking each; sorted by path. */
export async function collectResults(
  root: string,
  limits: ResultLimits,
): Promise<CollectedResults> {
  const results: CollectedResults = { root, files: [], bytes: 0 };
  if (!lstatSync(root).isDirectory()) {
    throw new StageError('OUTPUT_FAILED', 'the task replaced its results folder');
  }
  let entries = 0;
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const dirent of readFolder(root, folder)) {
      const path = folder + fileName(dirent.name, folder);
      if (++entries > limits.entries) {
        throw new StageError('OUTPUT_FAILED', `more than ${limits.entries} entries in the results`);
      }
      if (entries % ENTRIES_PER_TURN === 0) await new Promise(setImmediate);
      if (dirent.isDirectory()) folders.push(`${path}/`);
      else addFile(results, path, limits);
    }
  }
  results.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return results;
}

/** The whole bundle in memory when it is small enough to travel in a report, else undefined. */
export function inlineBundle(results: CollectedResults): InlineBundle | undefined {
  const indexBytes = results.files.reduce((sum, f) => sum + f.path.length + INDEX_LINE_BYTES, 8);
  if (results.bytes + indexBytes > INLINE_LIMIT) return undefined;
  const parts = results.files.map((file) => readSmall(results.root, file));
  const entries = results.files.map((file, i): BundleEntry => {
    const sha256 = hash('sha256', parts[i] as Buffer, 'base64url');
    return { path: file.path, size: file.size, sha256 };
  });
  parts.push(Buffer.from(encodeBundleEnd(entries)));
  const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  // Paths full of escapes can make the index longer than thought.
  if (whole.length > INLINE_LIMIT) return undefined;
  return { bytes: whole, sha256: hash('sha256', whole, 'base64url') };
}

/** The bundle as a stream, each file read and hashed once; `sha256` is valid after its end. */
export function streamBundle(results: CollectedResults): { body: Readable; sha256(): string } {
  const digest = createHash('sha256');
  const body = Readable.from(bundleParts(results, digest), { objectMode: false });
  return { body, sha256: () => digest.copy().digest('base64url') };
}

async function* bundleParts(
  results: CollectedResults,
  digest: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  const entries: BundleEntry[] = [];
  for (const file of results.files) {
    const fileDigest = createHash('sha256');
    for await (const part of readParts(results.root, file)) {
      digest.update(part);
      fileDigest.update(part);
      yield part;
    }
    entries.push({ ...file, sha256: fileDigest.digest('base64url') });
  }
  const end = encodeBundleEnd(entries);
  digest.update(end);
  yield end;
}

function readFolder(root: string, folder: string): ReturnType<typeof readBufferDir> {
  try {
    return readBufferDir(folder === '' ? root : `${root}/${folder}`);
  } catch (error) {
    throw unreadable(folder, error);
  }
}

function readBufferDir(path: string) {
  return readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
}

function fileName(name: Buffer, folder: string): string {
  try {
    return utf8.decode(name);
  } catch {
    const shown = folder + name.toString('latin1');
    throw new StageError('OUTPUT_FAILED', `the name of ${shown} is not valid UTF-8`);
  }
}

function addFile(results: CollectedResults, path: string, limits: ResultLimits): void {
  const status = lstatSync(`${results.root}/${path}`);
  if (!status.isFile()) {
    throw new StageError('OUTPUT_FAILED', `${path} is ${kindOf(status)}; results are plain files`);
  }
  if (status.nlink !== 1) {
    throw new StageError('OUTPUT_FAILED', `${path} is a hard link; results have one name each`);
  }
  results.bytes += status.size;
  if (results.bytes > limits.bytes) {
    throw new StageError('OUTPUT_FAILED', `the results are larger than ${limits.bytes} bytes`);
  }
  results.files.push({ path, size: status.size });
}

function kindOf(status: ReturnType<typeof lstatSync>): string {
  if (status?.isSymbolicLink()) return 'a symbolic link';
  if (status?.isFIFO()) return 'a named pipe';
  if (status?.isSocket()) return 'a socket';
  return 'a device';
}

function readSmall(root: string, file: ResultFile): Buffer {
  const fd = openFile(root, file);
  try {
    const bytes = Buffer.allocUnsafe(file.size);
    let at = 0;
    for (let n = 1; at < file.size && n > 0; at += n)
      n = readSync(fd, bytes, at, file.size - at, null);
    if (at !== file.size) throw changed(file);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

async function* readParts(root: string, file: ResultFile): AsyncGenerator<Buffer> {
  if (file.size <= READ_BYTES) {
    if (file.size > 0) yield readSmall(root, file);
    return;
  }
  const handle = await open(`${root}/${file.path}`, READ_FLAGS);
  try {
    for (let left = file.size; left > 0;) {
      const part = Buffer.allocUnsafe(Math.min(left, READ_BYTES));
      const { bytesRead } = await handle.read(part, 0, part.length, null);
      if (bytesRead === 0) throw changed(file);
      left -= bytesRead;
      yield part.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function openFile(root: string, file: ResultFile): number {
  let fd: number;
  try {
    fd = openSync(`${root}/${file.path}`, READ_FLAGS);
  } catch (error) {
    throw unreadable(file.path, error);
  }
  const status = fstatSync(fd);
  if (status.isFile() && status.size === file.size) return fd;
  closeSync(fd);
  throw changed(file);
}

function changed(file: ResultFile): StageError {
  return new StageError('OUTPUT_FAILED', `${file.path} changed while it was read`);
}

function unreadable(path: string, error: unknown): StageError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new StageError('OUTPUT_FAILED', `${path || 'the results folder'} cannot be read: ${code}`);
}
