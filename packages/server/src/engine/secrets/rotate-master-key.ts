import { precondition } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { MasterKeyFixed } from '../../vault/vault.ts';
import type { Account } from '../auth/account.ts';
import { requireAdmin } from '../auth/require-admin.ts';

/** Replaces the master key in its file. Running jobs and open secrets notice nothing. */
export async function rotateMasterKey(ctx: Context, account: Account): Promise<void> {
  requireAdmin(account);
  try {
    await ctx.vault.rotate();
  } catch (error) {
    if (error instanceof MasterKeyFixed) throw precondition(error.message);
    throw error;
  }
}
