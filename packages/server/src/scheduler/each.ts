import type { Logger } from 'pino';

/**
 * Does one thing for each, in order; one that fails is logged and keeps nobody else waiting. Returns how
 * many succeeded: a round in which nothing did has no reason to repeat at once.
 */
export async function eachOrLog<T>(
  items: readonly T[],
  logger: Logger,
  act: (item: T) => Promise<unknown>,
): Promise<number> {
  let succeeded = 0;
  for (const item of items) {
    try {
      await act(item);
      succeeded += 1;
    } catch (error) {
      logger.error({ err: error, item }, 'scheduler action failed');
    }
  }
  return succeeded;
}
