import { ENGINE_TYPES, type ComponentType, type Pagination } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import {
  COMPONENT_FIELDS,
  countComponents,
  listComponents as listRecords,
} from '../../store/component-list.ts';
import type { Account } from '../auth/account.ts';
import { newestFirst, pageOf, paginationOf, type ListQuery } from '../page.ts';
import { viewComponents, type ComponentView } from './component-view.ts';
import type { Family } from './get-component.ts';

export interface ComponentListQuery extends ListQuery {
  isPublic?: boolean | undefined;
  type?: ComponentType | undefined;
}

/** One row for each name and version, with its newest revision; the caller's, or the public ones of all. */
export async function listComponents(
  ctx: Context,
  account: Account,
  family: Family,
  query: ComponentListQuery,
): Promise<{ pagination: Pagination; components: ComponentView[] }> {
  const { db, dialect } = ctx.store;
  const ofFamily = family === 'app' ? (['app'] as const) : ENGINE_TYPES;
  const types = query.type === undefined ? ofFamily : [query.type];
  const owner = query.isPublic === true ? ('public' as const) : { account: account.id };
  const page = pageOf(query);
  const order = newestFirst(query.orderBy, COMPONENT_FIELDS);
  const records = await listRecords(db, dialect, { owner, types }, { order, ...page });
  return {
    pagination: paginationOf(await countComponents(db, { owner, types }), page),
    components: await viewComponents(ctx, records),
  };
}
