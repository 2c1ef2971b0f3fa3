import { createHash } from 'node:crypto';

import { BlobTooLarge } from './blob-store.ts';
import type { BlobBody, BlobInfo } from './blob-store.ts';

export interface Meter {
  /** Counts and hashes a part of the body; throws BlobTooLarge as soon as there is too much. */
  add(part: Uint8Array): void;
  info(): BlobInfo;
}

export function createMeter(key: string, maxBytes = Infinity): Meter {
  const hash = createHash('sha256');
  let size = 0;
  return {
    add(part) {
      size += part.byteLength;
      if (size > maxBytes) throw new BlobTooLarge(key, maxBytes);
      hash.update(part);
    },
    info: () => ({ size, sha256: hash.digest('base64url') }),
  };
}

/** Copying many small parts costs less than to hash and write them one by one. */
const JOINED_BYTES = 4 * 1024 * 1024;

/** The parts of a body that is in memory already, or null for one that still has to arrive. */
export function partsInMemory(body: BlobBody): readonly Uint8Array[] | null {
  if (body instanceof Uint8Array) return [body];
  if (!Array.isArray(body)) return null;
  const parts = body as readonly Uint8Array[];
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return bytes > JOINED_BYTES ? parts : [Buffer.concat(parts, bytes)];
}

/**
 * Passes an iterable on and stops waiting for it when the signal aborts: a peer that has gone
 * silent must not keep an aborted transfer alive.
 */
export async function* abortable<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  if (signal === undefined) {
    yield* source;
    return;
  }
  signal.throwIfAborted();
  const iterator = source[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      const next = await untilAborted(iterator.next(), signal);
      if (next.done === true) {
        isDone = true;
        return;
      }
      yield next.value;
    }
  } finally {
    // Not awaited: a generator that hangs in its own await would not answer.
    if (!isDone) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

/**
 * A listener of its own for each part. One promise of the abort, raced again and again, would hold on to
 * every part until the transfer ends: the whole file in memory.
 */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortReason(signal));
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', onAbort);
      act();
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    );
  });
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
