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

/** The parts of a body that is in memory already, or null for one that still has to arrive. */
export function partsInMemory(body: BlobBody): readonly Uint8Array[] | null {
  if (body instanceof Uint8Array) return [body];
  return Array.isArray(body) ? (body as readonly Uint8Array[]) : null;
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
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  aborted.catch(() => undefined);
  const iterator = source[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done === true) {
        isDone = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    // Not awaited: a generator that hangs in its own await would not answer.
    if (!isDone) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
