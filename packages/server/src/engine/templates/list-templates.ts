import type { Pagination } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import {
  countTemplates,
  listTemplates as listRecords,
  TEMPLATE_FIELDS,
} from '../../store/template-list.ts';
import type { TemplateRecord } from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';
import { newestFirst, pageOf, paginationOf, type ListQuery } from '../page.ts';

export interface TemplateListQuery extends ListQuery {
  isPublic?: boolean | undefined;
}

/** The caller's templates, or the public ones of all accounts. */
export async function listTemplates(
  ctx: Context,
  account: Account,
  query: TemplateListQuery,
): Promise<{ pagination: Pagination; templates: TemplateRecord[] }> {
  const { db, dialect } = ctx.store;
  const scope = query.isPublic === true ? ('public' as const) : { account: account.id };
  const page = pageOf(query);
  const order = newestFirst(query.orderBy, TEMPLATE_FIELDS);
  const templates = await listRecords(db, dialect, scope, { order, ...page });
  return { pagination: paginationOf(await countTemplates(db, scope), page), templates };
}
