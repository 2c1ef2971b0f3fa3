import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Loop {
  name: string;
  /** One round; true asks for the next at once. */
  round: (signal: AbortSignal) => Promise<boolean>;
  /** Waits for a hint or the interval. */
  wait: (signal: AbortSignal) => Promise<void>;
}

const PAUSE_AFTER_ERROR_MS = 1000;

/** Runs rounds until the signal; an error is logged and the loop goes on. */
export async function runLoop(loop: Loop, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await loop.round(signal)) continue;
    } catch (error) {
      if (signal.aborted) return;
      logger.error({ err: error, loop: loop.name }, 'scheduler round failed');
      await sleep(PAUSE_AFTER_ERROR_MS, undefined, { signal }).catch(() => undefined);
    }
    if (!signal.aborted) await loop.wait(signal);
  }
}
