import { v7 as uuidv7 } from 'uuid';

import type { BlobStore } from '../blob/blob-store.ts';
import { openHttpSource } from './http-source.ts';
import type { HttpSourceParams } from './http-source.ts';
import { SourceError } from './source-error.ts';
import type { UrlGuard } from './url-guard.ts';

/** A file of a job's source in the blob store: bytes, SHA-256 as base64url, name relative to the source. */
export interface SourceFile {
  name: string;
  key: string;
  size: number;
  sha256: string;
}

/** Where a job's input comes from; `upload` is null until the file has arrived. */
export type TransferSource =
  | ({ kind: 'url' } & HttpSourceParams)
  | { kind: 'file'; upload: SourceFile | null }
  | { kind: 'bypass' };

export interface TransferContext {
  blobs: BlobStore;
  /** New objects get keys `<keyPrefix>/<uuid>`. */
  keyPrefix: string;
  guard: UrlGuard;
  signal?: AbortSignal | undefined;
  /** What a source's body passes through; the size is the announced one. */
  receive?: (body: AsyncIterable<Uint8Array>, size: number | null) => AsyncIterable<Uint8Array>;
  /** Default 5 GiB. */
  maxBytes?: number | undefined;
  /** Default a minute. */
  idleMs?: number | undefined;
}

/**
 * Brings a source into the blob store and names its files. Rejects SourceError, or the signal's reason.
 * Each call writes objects of its own, so a transfer that a crash cut short is simply done again.
 */
export async function transferSource(
  source: TransferSource,
  context: TransferContext,
): Promise<SourceFile[]> {
  context.signal?.throwIfAborted();
  switch (source.kind) {
    case 'url':
      return [await transferUrl(source, context)];
    case 'file':
      if (source.upload === null) throw new SourceError('no file has been uploaded');
      return [source.upload];
    case 'bypass':
      return [await store('dummy_file.txt', Buffer.from('dummy_file'), context)];
  }
}

async function transferUrl(
  params: HttpSourceParams,
  context: TransferContext,
): Promise<SourceFile> {
  const { signal, maxBytes, idleMs } = context;
  const source = await openHttpSource(params, context.guard, { signal, maxBytes, idleMs });
  try {
    const { receive = (body) => body } = context;
    return await store(source.name, receive(source.body, source.size), context);
  } finally {
    source.cancel();
  }
}

async function store(
  name: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  { blobs, keyPrefix, signal }: TransferContext,
): Promise<SourceFile> {
  const key = `${keyPrefix}/${uuidv7()}`;
  const { size, sha256 } = await blobs.put(key, body, { ...(signal && { signal }) });
  return { name, key, size, sha256 };
}
