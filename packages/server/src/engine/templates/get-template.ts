import { notFound } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findTemplate, type TemplateRecord } from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';

/** The caller's own template of that id, else a public one. */
export async function getTemplate(
  ctx: Context,
  account: Account,
  id: string,
): Promise<TemplateRecord> {
  const record = await findTemplate(ctx.store.db, account.id, id);
  if (record === undefined) throw notFound('template');
  return record;
}
