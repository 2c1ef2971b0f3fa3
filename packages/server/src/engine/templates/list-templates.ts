import type { Pagination } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { listTemplates as listRecords, type TemplateRecord } from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';
import { pageOf, paginationOf, sortRows, type ListQuery, type SortKeys } from '../page.ts';

export interface TemplateListQuery extends ListQuery {
  isPublic?: boolean | undefined;
}

/** The caller's templates, or the public ones of all accounts. */
export async function listTemplates(
  ctx: Context,
  account: Account,
  query: TemplateListQuery,
): Promise<{ pagination: Pagination; templates: TemplateRecord[] }> {
  const scope = query.isPublic === true ? ('public' as const) : { account: account.id };
  const sorted = sortRows(await listRecords(ctx.store.db, scope), query.orderBy, SORT_KEYS);
  const page = pageOf(query);
  return {
    pagination: paginationOf(sorted.length, page),
    templates: sorted.slice(page.offset, page.offset + page.limit),
  };
}

/** Every scalar field of a Template. */
const SORT_KEYS: SortKeys<TemplateRecord> = {
  createdAt: ({ row }) => row.created_at,
  updatedAt: ({ row }) => row.updated_at,
  id: ({ row }) => row.id,
  isPublic: ({ row }) => row.is_public,
  owner: ({ row }) => row.account,
  userName: ({ userName }) => userName,
  description: ({ doc }) => doc.description,
  app: ({ doc }) => doc.app,
  partitioner: ({ doc }) => doc.partitioner,
  assembler: ({ doc }) => doc.assembler,
};
