/** Whether and when a call is made again. Decides only; the clock and chance are passed in. */
import { RemoteError, type ConnectionError } from './errors.ts';
import { parseRetryAfter } from './retry-after.ts';
import { backoffMs } from './wait.ts';

export interface RetryOptions {
  /** Tries after the first; default 3. */
  retries?: number;
  /** Pause before the first of them, from which it doubles; default 200. */
  baseMs?: number;
  /** Longest pause of our own choice; default 2000. */
  capMs?: number;
  /** A `Retry-After` beyond this is not waited for: the call fails and says how long; default 60 000. */
  maxRetryAfterMs?: number;
}

/** What a try came to: no answer, or one with a status. */
export type Outcome = ConnectionError | { status: number; retryAfter: string | null };

/** What a proxy or a restarting server answers in the server's place. */
const PASSING_STATUSES = new Set([502, 503, 504]);
const TOO_MANY_REQUESTS = 429;
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Milliseconds to wait before the next try; undefined when there is to be none. What may already have been
 * done is repeated only if that does no harm; what was refused at the door, or never sent, always.
 */
export function decidePause(
  outcome: Outcome,
  tries: number,
  isRepeatable: boolean,
  options: RetryOptions,
): number | undefined {
  if (tries > (options.retries ?? 3)) return undefined;
  const backoff = backoffMs(tries, options.baseMs ?? 200, options.capMs ?? 2000);
  if (outcome instanceof Error) return isRepeatable || !outcome.mayBeDone ? backoff : undefined;
  const { status } = outcome;
  const isPassing = status === TOO_MANY_REQUESTS || (isRepeatable && PASSING_STATUSES.has(status));
  if (!isPassing) return undefined;
  const asked = parseRetryAfter(outcome.retryAfter);
  if (asked === undefined) return backoff;
  // At least what was asked for, and a little more, so that those told the same do not all come at once.
  const askedMs = asked * 1000;
  return askedMs > (options.maxRetryAfterMs ?? MAX_RETRY_AFTER_MS) ? undefined : askedMs + backoff;
}

/** The pause that an error's `Retry-After` asks for, within reason. */
export function askedPauseMs(error: unknown): number {
  const seconds = error instanceof RemoteError ? (error.retryAfter ?? 0) : 0;
  return Math.min(seconds * 1000, MAX_RETRY_AFTER_MS);
}
