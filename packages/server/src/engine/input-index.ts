/**
 * The input of an engine task is an index of files that lie elsewhere: one JSON line a file, with the
 * path in the attempt's folder and the range that holds the bytes. It is read line by line, so it may be
 * of any length.
 */
import { createInterface } from 'node:readline';
import { END_FRAME, encodeFrameLine, type BundleEntry } from '@bytenite/contract';
import type { BlobInfo, BlobStore } from '../blob/blob-store.ts';

export interface InputEntry extends BundleEntry {
  key: string;
  offset: number;
}

const LINES_PER_WRITE = 1000;

export function writeInputIndex(
  blobs: BlobStore,
  key: string,
  entries: Iterable<InputEntry>,
  signal: AbortSignal,
): Promise<BlobInfo> {
  return blobs.put(key, encodeLines(entries), { signal });
}

async function* encodeLines(entries: Iterable<unknown>): AsyncGenerator<Uint8Array> {
  let lines: string[] = [];
  for (const entry of entries) {
    lines.push(`${JSON.stringify(entry)}\n`);
    if (lines.length < LINES_PER_WRITE) continue;
    yield Buffer.from(lines.join(''));
    lines = [];
  }
  yield Buffer.from(lines.join(''));
}

/** Writes JSON lines as one object. */
export function writeLines(
  blobs: BlobStore,
  key: string,
  values: Iterable<unknown>,
  signal: AbortSignal,
): Promise<BlobInfo> {
  return blobs.put(key, encodeLines(values), { signal });
}

export async function* readInputIndex(
  blobs: BlobStore,
  key: string,
  signal?: AbortSignal,
): AsyncGenerator<InputEntry> {
  const stream = await blobs.stream(key, undefined, signal);
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      if (line !== '') yield JSON.parse(line) as InputEntry;
    }
  } finally {
    stream.destroy();
  }
}

/** Frames of small files are gathered up to this many bytes, to write few and large pieces. */
const GATHERED_BYTES = 256 * 1024;
const SMALL_FILE = 64 * 1024;

/** The files of an index as the file stream of the runner protocol. */
export async function* streamInput(
  blobs: BlobStore,
  indexKey: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for await (const entry of readInputIndex(blobs, indexKey, signal)) {
    gathered.push(Buffer.from(encodeFrameLine(entry)));
    if (entry.size > SMALL_FILE) {
      yield Buffer.concat(gathered);
      [gathered, bytes] = [[], 0];
      yield* await blobs.stream(entry.key, { offset: entry.offset, length: entry.size }, signal);
      continue;
    }
    if (entry.size > 0) {
      gathered.push(await blobs.read(entry.key, { offset: entry.offset, length: entry.size }));
    }
    bytes += entry.size + 256;
    if (bytes >= GATHERED_BYTES) {
      yield Buffer.concat(gathered);
      [gathered, bytes] = [[], 0];
    }
  }
  gathered.push(Buffer.from(END_FRAME));
  yield Buffer.concat(gathered);
}
