import { ApiError } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { limitsOf } from '../../domain/limits.ts';
import { limitsOfAccount, unfinishedTasks } from '../../store/queue.ts';
import type { Db } from '../../store/store.ts';

/** When to look again; nobody can say when tasks will be done. */
const RETRY_AFTER_S = 120;

/**
 * Refuses to start a job of an account that has as many unfinished tasks as it may. How many a job will have
 * is known only when it is partitioned, so the one that reaches the limit may go past it.
 */
export async function checkQueue(ctx: Context, db: Db, account: string): Promise<void> {
  const { queuedTasks } = limitsOf(await limitsOfAccount(db, account), ctx.config.userLimits);
  if (queuedTasks === 0) return;
  const unfinished = await unfinishedTasks(db, account);
  if (unfinished < queuedTasks) return;
  throw new ApiError(
    'RESOURCE_EXHAUSTED',
    `your running jobs have ${unfinished} unfinished tasks and may have ${queuedTasks}: ` +
      'run this job when some are done, or ask the operator for a higher limit',
    { retryAfter: RETRY_AFTER_S },
  );
}
