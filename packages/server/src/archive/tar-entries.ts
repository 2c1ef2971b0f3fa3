import { once } from 'node:events';
import { createGunzip } from 'node:zlib';

import { extract } from 'tar-stream';
import type { Extract, Header } from 'tar-stream';

import { ArchiveError } from './archive-error.ts';

export interface TarEntry {
  name: string;
  /** As tar-stream calls it; null when it knows no name. `sparse` is a file with holes. */
  type: Header['type'] | 'sparse' | null;
  isExecutable: boolean;
  content: Buffer;
}

const SLICE_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 8 * 1024 * 1024; // between two entries: a long name takes a few KB
const BLOCK = 512;

/**
 * The entries of a tar, gzip'd or not, in their order. Throws ArchiveError when the archive is damaged,
 * ends early or unpacks to more than maxBytes, without unpacking further.
 */
export async function* readTarEntries(archive: Buffer, maxBytes: number): AsyncGenerator<TarEntry> {
  const isGzip = archive[0] === 0x1f && archive[1] === 0x8b;
  // gzip has a checksum of its own; a plain tar is whole when it ends with an empty block.
  if (!isGzip && !endsWithEmptyBlock(archive)) throw damaged('is no complete tar');

  const reader = extract();
  const progress: Progress = { accounted: 0 };
  const chunks = isGzip ? gunzip(archive) : slices(archive);
  const feeding = feed(reader, chunks, progress, maxBytes).catch((error: unknown) => {
    reader.destroy(error as Error);
  });
  try {
    for await (const entry of reader) yield await readEntry(entry, progress);
  } catch (error) {
    throw error instanceof ArchiveError ? error : explain(error);
  } finally {
    reader.destroy();
    await feeding;
  }
}

/** How much of the tar is known to belong to entries. */
interface Progress {
  accounted: number;
}

/** What the reader adds to a header beside what its types say. */
type ReadHeader = Omit<Header, 'type'> & {
  type: Header['type'] | null;
  /** Where the content begins in the tar. */
  byteOffset: number;
  pax: Record<string, string> | null;
};

async function readEntry(
  entry: AsyncIterable<unknown> & { header: Header },
  progress: Progress,
): Promise<TarEntry> {
  const header = entry.header as ReadHeader;
  progress.accounted = header.byteOffset + header.size;
  const parts: Buffer[] = [];
  for await (const part of entry) parts.push(part as Buffer);
  const isSparse = Object.keys(header.pax ?? {}).some((key) => key.startsWith('GNU.sparse'));
  return {
    name: header.name,
    type: isSparse ? 'sparse' : header.type,
    isExecutable: (header.mode & 0o111) !== 0,
    content: parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts),
  };
}

async function feed(
  reader: Extract,
  chunks: AsyncIterable<Buffer>,
  progress: Progress,
  maxBytes: number,
): Promise<void> {
  const closed = once(reader, 'close');
  closed.catch(() => undefined); // the reader's error reaches whoever iterates over it
  let fed = 0;
  for await (const chunk of chunks) {
    fed += chunk.byteLength;
    if (fed > maxBytes) throw damaged(`unpacks to more than ${maxBytes} bytes`);
    if (fed - progress.accounted > MAX_HEADER_BYTES) throw damaged('has too much beside its files');
    if (reader.destroying) return;
    if (!reader.write(chunk)) await Promise.race([once(reader, 'drain'), closed]);
  }
  reader.end(undefined);
}

async function* slices(archive: Buffer): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < archive.byteLength; offset += SLICE_BYTES) {
    yield archive.subarray(offset, offset + SLICE_BYTES);
  }
}

function gunzip(archive: Buffer): AsyncIterable<Buffer> {
  const stream = createGunzip({ chunkSize: 256 * 1024 });
  stream.end(archive);
  return stream;
}

function endsWithEmptyBlock(archive: Buffer): boolean {
  const isWhole = archive.byteLength >= BLOCK && archive.byteLength % BLOCK === 0;
  return isWhole && archive.subarray(-BLOCK).every((byte) => byte === 0);
}

function explain(error: unknown): ArchiveError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR' || message === 'Unexpected end of data')
    return damaged('ends early', error);
  if (code?.startsWith('Z_') === true) return damaged('is no valid gzip', error);
  return damaged('is no valid tar', error);
}

function damaged(what: string, cause?: unknown): ArchiveError {
  return new ArchiveError([`the archive ${what}`], cause === undefined ? undefined : { cause });
}
