import { notFound } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { deleteTemplate as deleteRow } from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';

/** Jobs keep what they took from it. */
export async function deleteTemplate(ctx: Context, account: Account, id: string): Promise<void> {
  const isDeleted = await deleteRow(ctx.store.db, { account: account.id, id });
  if (!isDeleted) throw notFound('template');
}
