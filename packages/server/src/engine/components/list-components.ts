import { ENGINE_TYPES, type ComponentType, type Pagination } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { listComponents as listRecords } from '../../store/components.ts';
import type { Account } from '../auth/account.ts';
import { pageOf, paginationOf, sortRows, type ListQuery, type SortKeys } from '../page.ts';
import { viewComponents, type ComponentView } from './component-view.ts';
import type { Family } from './get-component.ts';

export interface ComponentListQuery extends ListQuery {
  isPublic?: boolean | undefined;
  type?: ComponentType | undefined;
}

/** One row for each name and version, with its newest revision. */
export async function listComponents(
  ctx: Context,
  account: Account,
  family: Family,
  query: ComponentListQuery,
): Promise<{ pagination: Pagination; components: ComponentView[] }> {
  const ofFamily = family === 'app' ? (['app'] as const) : ENGINE_TYPES;
  const types = query.type === undefined ? ofFamily : [query.type];
  const owner = query.isPublic === true ? ('public' as const) : { account: account.id };
  const records = await listRecords(ctx.store.db, { owner, types });
  // What can be sorted by lies partly inside manifests, and an account has few components.
  const sorted = sortRows(await viewComponents(ctx, records), query.orderBy, SORT_KEYS);
  const page = pageOf(query);
  return {
    pagination: paginationOf(sorted.length, page),
    components: sorted.slice(page.offset, page.offset + page.limit),
  };
}

/** Every scalar field of an App or an Engine. */
const SORT_KEYS: SortKeys<ComponentView> = {
  createdAt: (view) => view.component.created_at,
  updatedAt: (view) => view.revision.created_at,
  id: (view) => view.component.id,
  name: (view) => view.component.name,
  version: ({ component }) => component.major * 1e9 + component.minor,
  owner: (view) => view.component.account,
  userName: (view) => view.userName,
  status: (view) => view.revision.status,
  revision: (view) => view.revision.revision,
  type: (view) => view.component.type,
  hash: (view) => view.revision.hash,
  platform: (view) => view.manifest.platform,
  entrypoint: (view) => view.manifest.entrypoint,
  description: (view) => view.manifest.description,
  isPublic: (view) => view.component.is_public,
};
