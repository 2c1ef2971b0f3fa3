/**
 * Takes in what a task left behind. It runs only after the task's whole process tree is verified gone
 * and nobody but the runner can pass into its folder; still nothing in there is trusted: links are never
 * followed, and anything but a plain file with one name ends the attempt with the path in the message.
 */
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import { createHash, type Hash, hash } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type BundleEntry, encodeBundleEnd, INLINE_LIMIT } from '@bytenite/contract';
import { StageError } from './errors.ts';

export interface ResultFile {
  path: string;
  size: number;
  /** Its bytes, while all results together are small. */
  bytes: Buffer | undefined;
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
/** Characters of a path in a message. */
const SHOWN_PATH = 200;
const READ_BYTES = 256 * 1024;
/** Entries between two breaths of the event loop. */
const ENTRIES_PER_TURN = 512;
/** A folder that takes more to name its entries is read in parts. */
const SYNC_FOLDER_BYTES = 64 * 1024;
/** Gives back every byte of a name, whatever the name was written in. */
const BY_BYTES = { encoding: 'latin1', bufferSize: ENTRIES_PER_TURN } as const;
const BROKEN_CHARACTER = '\ufffd';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Lists the files below `root` after checking each, and reads them as long as they are small. */
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
    for await (const part of readParts(root, folder)) {
      for (const dirent of part) {
        if (++entries > limits.entries) throw tooMany(limits);
        if (entries % ENTRIES_PER_TURN === 0) await new Promise(setImmediate);
        const path = folder + dirent.name;
        if (dirent.isDirectory()) folders.push(`${path}/`);
        else addFile(results, path, dirent, limits);
      }
    }
  }
  if (results.files.length > 1) results.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return results;
}

/** The whole bundle in memory when it is small enough to travel in a report, else undefined. */
export function inlineBundle({ files, bytes }: CollectedResults): InlineBundle | undefined {
  if (bytes > INLINE_LIMIT) return undefined;
  const parts: Uint8Array[] = [];
  const entries: BundleEntry[] = [];
  for (const { path, size, bytes } of files) {
    if (!bytes) return undefined;
    parts.push(bytes);
    entries.push({ path, size, sha256: hash('sha256', bytes, 'base64url') });
  }
  parts.push(encodeBundleEnd(entries));
  const whole = Buffer.concat(parts);
  if (whole.length > INLINE_LIMIT) return undefined;
  return { bytes: whole, sha256: hash('sha256', whole, 'base64url') };
}

/** The bundle as a stream, each file read and hashed once; `sha256` is valid after its end. */
export function streamBundle(results: CollectedResults): { body: Readable; sha256(): string } {
  const digest = createHash('sha256');
  const body = Readable.from(gather(bundleParts(results), digest), { objectMode: false });
  return { body, sha256: () => digest.copy().digest('base64url') };
}

/** Many small files leave together: one by one each would cost a call all the way to the server. */
async function* gather(parts: AsyncIterable<Uint8Array>, digest: Hash): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    digest.update(part);
    gathered.push(part);
    bytes += part.length;
    if (bytes < READ_BYTES && gathered.length < ENTRIES_PER_TURN) continue;
    yield Buffer.concat(gathered);
    [gathered, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(gathered);
}

async function* bundleParts(results: CollectedResults): AsyncGenerator<Uint8Array> {
  const entries: BundleEntry[] = [];
  for (const file of results.files) {
    const digest = createHash('sha256');
    for await (const part of readContent(results.root, file)) {
      digest.update(part);
      yield part;
    }
    const { path, size } = file;
    entries.push({ path, size, sha256: digest.digest('base64url') });
    // Small files are in memory already: nothing else would let others have their turn.
    if (entries.length % ENTRIES_PER_TURN === 0) await new Promise(setImmediate);
  }
  yield encodeBundleEnd(entries);
}

function tooMany({ entries }: ResultLimits): StageError {
  const what = `more than ${entries} files and folders in the results (--task-files of the runner)`;
  return new StageError('OUTPUT_FAILED', what);
}

/** Small folders are read at once, which costs least; large ones in parts, between which others have their turn. */
function readParts(root: string, folder: string): Iterable<Dirent[]> | AsyncIterable<Dirent[]> {
  const path = folder === '' ? root : `${root}/${folder}`;
  try {
    if (lstatSync(path).size > SYNC_FOLDER_BYTES) return readLarge(path, folder);
  } catch (error) {
    throw unreadable(folder, error);
  }
  return [readSmallFolder(path, folder)];
}

async function* readLarge(path: string, folder: string): AsyncGenerator<Dirent[]> {
  let part: Dirent[] = [];
  try {
    for await (const dirent of await opendir(path, BY_BYTES)) {
      dirent.name = decodeName(Buffer.from(dirent.name, BY_BYTES.encoding), folder);
      if (part.push(dirent) < ENTRIES_PER_TURN) continue;
      yield part;
      part = [];
    }
  } catch (error) {
    throw error instanceof StageError ? error : unreadable(folder, error);
  }
  yield part;
}

function readSmallFolder(path: string, folder: string): Dirent[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    if (entries.some(({ name }) => name.includes(BROKEN_CHARACTER))) checkNames(path, folder);
    return entries;
  } catch (error) {
    throw error instanceof StageError ? error : unreadable(folder, error);
  }
}

/** U+FFFD is either in the name itself or stands for bytes that are no UTF-8. */
function checkNames(path: string, folder: string): void {
  for (const name of readdirSync(path, 'buffer')) decodeName(name, folder);
}

function decodeName(name: Buffer, folder: string): string {
  try {
    return utf8.decode(name);
  } catch {
    const place = join(folder, name.toString('latin1'));
    throw refusal(place, 'has a name that is not valid UTF-8');
  }
}

function addFile(
  results: CollectedResults,
  path: string,
  dirent: Dirent,
  limits: ResultLimits,
): void {
  const place = `${results.root}/${path}`;
  const isSmall = dirent.isFile() && results.bytes <= INLINE_LIMIT;
  const file = isSmall ? readSmall(place, path) : checkFile(lstatSync(place), path);
  results.bytes += file.size;
  if (results.bytes > limits.bytes) {
    throw new StageError('OUTPUT_FAILED', `the results are larger than ${limits.bytes} bytes`);
  }
  results.files.push(file);
}

function checkFile(status: Stats, path: string): ResultFile {
  if (!status.isFile()) {
    throw refusal(path, `is ${kindOf(status)}; results are plain files`);
  }
  if (status.nlink !== 1) {
    throw refusal(path, 'is a hard link; results have one name each');
  }
  return { path, size: status.size, bytes: undefined };
}

function kindOf(status: Stats): string {
  if (status.isSymbolicLink()) return 'a symbolic link';
  if (status.isFIFO()) return 'a named pipe';
  if (status.isSocket()) return 'a socket';
  return 'a device';
}

/** Checks a file and reads it, unless it turns out to be large. */
function readSmall(place: string, path: string): ResultFile {
  const fd = openResult(place, path);
  try {
    const file = checkFile(fstatSync(fd), path);
    if (file.size <= INLINE_LIMIT) file.bytes = readWhole(fd, file);
    return file;
  } finally {
    closeSync(fd);
  }
}

function readWhole(fd: number, { path, size }: ResultFile): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size;) {
    const count = readSync(fd, bytes, at, size - at, null);
    if (count === 0) throw changed(path);
    at += count;
  }
  return bytes;
}

async function* readContent(root: string, file: ResultFile): AsyncGenerator<Buffer> {
  if (file.size <= INLINE_LIMIT) {
    const bytes = file.bytes ?? readSmall(`${root}/${file.path}`, file.path).bytes;
    if (bytes?.length !== file.size) throw changed(file.path);
    yield bytes;
    return;
  }
  const handle = await open(`${root}/${file.path}`, READ_FLAGS);
  try {
    for (let left = file.size; left > 0;) {
      const part = Buffer.allocUnsafe(Math.min(left, READ_BYTES));
      const { bytesRead } = await handle.read(part, 0, part.length, null);
      if (bytesRead === 0) throw changed(file.path);
      left -= bytesRead;
      yield part.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function openResult(place: string, path: string): number {
  try {
    return openSync(place, READ_FLAGS);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function changed(path: string): StageError {
  return refusal(path, 'changed while it was read');
}

function unreadable(path: string, error: unknown): StageError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return refusal(path || 'the results folder', `cannot be read: ${code}`);
}

/** Messages have a limit, and a task's paths none: what is wrong must stay in sight. */
function refusal(path: string, what: string): StageError {
  const shown = path.length > SHOWN_PATH ? `…${path.slice(-SHOWN_PATH)}` : path;
  return new StageError('OUTPUT_FAILED', `${shown} ${what}`);
}
