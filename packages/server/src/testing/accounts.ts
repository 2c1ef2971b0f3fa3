import type { Account } from '../engine/auth/account.ts';
import type { TestContext } from './context.ts';
import { addAccount } from './rows.ts';

/** An account that no other test has. */
export async function newAccount(ctx: Pick<TestContext, 'store'>): Promise<Account> {
  const id = await addAccount(ctx.store);
  return { id, userName: id, role: 'ROLE_USER' };
}
