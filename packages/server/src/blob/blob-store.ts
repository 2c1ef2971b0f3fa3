import type { Readable } from 'node:stream';

/** What is known of a stored object: size in bytes, SHA-256 of the bytes as base64url. */
export interface BlobInfo {
  size: number;
  sha256: string;
}

export interface BlobRange {
  offset: number;
  length: number;
}

export type BlobBody = Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

export interface PutOptions {
  signal?: AbortSignal;
  /** The body is refused with BlobTooLarge as soon as it has more bytes than this. */
  maxBytes?: number;
}

export interface BlobStat {
  size: number;
  writtenAt: number;
}

/**
 * Immutable objects under keys such as `job/17/packs/0192…`. A prefix names a whole folder:
 * `job/1` covers `job/1` and `job/1/…`, never `job/17`. Every method rejects BlobKeyInvalid
 * for a key that isBlobKey refuses.
 */
export interface BlobStore {
  /**
   * Writes a new object; it is durable when the promise resolves. Rejects BlobExists when the
   * key is taken and BlobTooLarge above maxBytes. After a failure or an abort nothing is left.
   */
  put(key: string, body: BlobBody, options?: PutOptions): Promise<BlobInfo>;
  /**
   * Streams an object or a part of it. Rejects BlobNotFound or BlobRangeInvalid before the first byte.
   * The caller reads the stream to its end or destroys it.
   */
  stream(key: string, range?: BlobRange, signal?: AbortSignal): Promise<Readable>;
  /** Reads a small range into one buffer. Rejects BlobNotFound, or BlobRangeInvalid past the end. */
  read(key: string, range: BlobRange): Promise<Buffer>;
  /** The object's size in bytes. Rejects BlobNotFound. */
  size(key: string): Promise<number>;
  /** The size, and when the last byte was written in epoch milliseconds. Rejects BlobNotFound. */
  stat(key: string): Promise<BlobStat>;
  /** Deletes the object of this key and all below it; deleting what is not there is no error. */
  deletePrefix(prefix: string): Promise<void>;
  /** The keys at and below a prefix (`''`: all of them), in byte order. */
  list(prefix: string): AsyncIterable<string>;
  /** Releases files and connections. The store is not used afterwards. */
  close(): Promise<void>;
}

export class BlobExists extends Error {
  override readonly name = 'BlobExists';
  constructor(key: string) {
    super(`an object with the key ${key} exists already`);
  }
}

export class BlobNotFound extends Error {
  override readonly name = 'BlobNotFound';
  constructor(key: string, options?: ErrorOptions) {
    super(`there is no object with the key ${key}`, options);
  }
}

export class BlobTooLarge extends Error {
  override readonly name = 'BlobTooLarge';
  readonly maxBytes: number;
  constructor(key: string, maxBytes: number) {
    super(`the object ${key} has more than the allowed ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

export class BlobRangeInvalid extends Error {
  override readonly name = 'BlobRangeInvalid';
  constructor(key: string, range: BlobRange) {
    super(
      `bytes ${range.offset} to ${range.offset + range.length} do not lie within the object ${key}`,
    );
  }
}

export class BlobKeyInvalid extends Error {
  override readonly name = 'BlobKeyInvalid';
  constructor(key: string) {
    super(`${JSON.stringify(key.slice(0, 100))} is not a valid object key`);
  }
}

const SEGMENT = /^[A-Za-z0-9._-]{1,255}$/;
const MAX_KEY_LENGTH = 900; // S3 allows 1024 bytes; the rest is for the operator's own prefix

/** Whether a key is `/`-separated segments of letters, digits, `.`, `_`, `-`, none of them `.` or `..`. */
export function isBlobKey(key: string): boolean {
  if (key.length > MAX_KEY_LENGTH) return false;
  return key
    .split('/')
    .every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
}

/** Throws BlobKeyInvalid unless isBlobKey. */
export function assertBlobKey(key: string): void {
  if (!isBlobKey(key)) throw new BlobKeyInvalid(key);
}

/** Throws BlobRangeInvalid when a range has no whole, non-negative numbers. */
export function assertBlobRange(key: string, range: BlobRange): void {
  const isValid = Number.isSafeInteger(range.offset) && Number.isSafeInteger(range.length);
  if (!isValid || range.offset < 0 || range.length < 0) throw new BlobRangeInvalid(key, range);
}
