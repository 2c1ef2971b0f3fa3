import type { Context } from '../../context.ts';
import { deleteExpiredTokens } from '../../store/accounts.ts';

/** Forgets access tokens that have ended. */
export async function sweepAccessTokens(ctx: Context): Promise<void> {
  await deleteExpiredTokens(ctx.store.db, ctx.now());
}
