/** What uploads and downloads share: time limits by idleness, errors, which of them are worth another try. */
import { NO_SPACE_REASON } from '@bytenite/contract';
import { ConnectionError, errorFromReply, RemoteError } from './errors.ts';
import { askedPauseMs } from './retry.ts';
import { connectionError } from './transport.ts';
import { backoffMs, wait, watchIdle, type IdleWatch } from './wait.ts';

export interface TransferOptions {
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal;
  /** A transfer that moves nothing for this long is given up; there is no limit in total. */
  idleMs?: number;
  /** Pause before the second try; it doubles from there. */
  retryMs?: number;
  /** Bytes so far, and of all where that is known. Goes back when a transfer starts anew. */
  onProgress?: (bytes: number, total: number | undefined) => void;
}

const IDLE_MS = 60_000;
export const TRIES = 5;
const RETRY_MS = 250;
const RETRY_CAP_MS = 5000;

/** Runs tries of something until one gets through; throws what is not worth another, and the last failure. */
export async function withTries<T>(options: TransferOptions, run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries >= TRIES || !isPassing(error)) throw error;
      await pauseAfter(tries, options, error);
    }
  }
}

/** The pause after a number of tries that failed. */
export async function pauseAfter(
  tries: number,
  options: TransferOptions,
  failure: unknown,
): Promise<void> {
  const backoff = backoffMs(tries, options.retryMs ?? RETRY_MS, RETRY_CAP_MS);
  await wait(Math.max(backoff, askedPauseMs(failure)), options.signal);
}

/** Runs one try below an idle watch, and names what its failure was. */
export async function transferOnce<T>(
  url: string,
  options: TransferOptions,
  run: (idle: IdleWatch) => Promise<T>,
): Promise<T> {
  const idleMs = options.idleMs ?? IDLE_MS;
  const idle = watchIdle(idleMs, options.signal);
  const { origin } = new URL(url);
  try {
    return await run(idle);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!idle.isIdle()) throw connectionError(origin, error);
    const message = `${origin} moved nothing for ${idleMs / 1000} s`;
    throw new ConnectionError(origin, 'timeout', message, error);
  } finally {
    idle.stop();
  }
}

/** Throws what an answer that is no success says. */
export async function requireOk(what: string, response: Response): Promise<void> {
  if (!response.ok) throw errorFromReply(what, response, await response.text());
}

export function isPassing(error: unknown): boolean {
  if (error instanceof RemoteError) {
    // Whoever has to make room should hear of it now.
    if (error.reason === NO_SPACE_REASON) return false;
    return error.status === 429 || (error.status >= 500 && error.status !== 501);
  }
  return error instanceof ConnectionError;
}
