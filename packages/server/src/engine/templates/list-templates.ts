import type { Pagination } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import {
  countTemplates,
  listTemplates as listRecords,
  TEMPLATE_FIELDS,
  type TemplateScope,
} from '../../store/template-list.ts';
import type { TemplateRecord } from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';
import { newestFirst, pageOf, paginationOf, type ListQuery } from '../page.ts';

export interface TemplateListQuery extends ListQuery {
  isPublic?: boolean | undefined;
}

export interface TemplatePage {
  pagination: Pagination;
  templates: TemplateRecord[];
}

export interface TemplatePage {
  pagination: Pagination;
  templates: TemplateRecord[];
}

/** The caller's templates, or the public ones of all accounts. */
export async function listTemplates(
  ctx: Context,
  account: Account,
  query: TemplateListQuery,
): Promise<TemplatePage> {
  return listOf(ctx, query.isPublic === true ? 'public' : { account: account.id }, query);
}

/** What the caller can name when creating a job: own templates, and public ones of other ids. */
export async function listUsableTemplates(
  ctx: Context,
  account: Account,
  query: ListQuery,
): Promise<TemplatePage> {
  return listOf(ctx, { usableBy: account.id }, query);
}

async function listOf(ctx: Context, scope: TemplateScope, query: ListQuery): Promise<TemplatePage> {
  const { db, dialect } = ctx.store;
  const page = pageOf(query);
  const order = newestFirst(query.orderBy, TEMPLATE_FIELDS);
  const templates = await listRecords(db, dialect, scope, { order, ...page });
  return { pagination: paginationOf(await countTemplates(db, scope), page), templates };
}
