import type { Attempt } from './attempt.ts';
import { monotonicMs } from './clock.ts';
import { describeError, StageError } from './errors.ts';
import { ServerError } from './server-client.ts';

const BASE_MS = 200;
const CAP_MS = 5000;
/** Some seconds, in which jobs may be deleted; then the attempt ends, and its retry begins when there is room. */
const TRIES_WITHOUT_ROOM = 5;

/** Tries a transfer again until the attempt is stopped, which the end of its lease does. */
export async function retryTransfer<T>(
  attempt: Attempt,
  reason: 'INPUT_FAILED' | 'OUTPUT_FAILED' | 'INTERNAL',
  transfer: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await transfer();
    } catch (error) {
      if (attempt.stopReason !== undefined || isFinal(error, tries))
        throw toStageError(error, reason);
      const message = `transfer failed, trying again: ${describeError(error)}`;
      attempt.log.say('WARN', message, monotonicMs());
      const delayMs = Math.min(CAP_MS, BASE_MS * 2 ** tries) * (0.5 + Math.random() / 2);
      await new Promise((resolve) => void setTimeout(resolve, delayMs));
    }
  }
}

/** A file system error will be the same next time; an answer of the server may be final. */
function isFinal(error: unknown, tries: number): boolean {
  if (error instanceof StageError) return true;
  if (error instanceof ServerError) {
    return !error.isTransient || (error.lacksRoom && tries + 1 >= TRIES_WITHOUT_ROOM);
  }
  return error instanceof Error && 'syscall' in error && 'path' in error;
}

function toStageError(error: unknown, reason: StageError['reason']): StageError {
  if (error instanceof StageError) return error;
  if (error instanceof ServerError && error.leaseIsGone) {
    return new StageError('ABORTED', 'the lease is gone', { cause: error });
  }
  return new StageError(reason, describeError(error), { cause: error });
}
