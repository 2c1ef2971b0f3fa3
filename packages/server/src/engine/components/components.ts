/** What can be done with pushed apps and engines. */
import {
  COMPONENT_TYPES,
  ENGINE_TYPES,
  notFound,
  type ComponentType,
  type Pagination,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { compareVersions } from '../../domain/tags.ts';
import {
  findComponentById,
  listComponents as listRecords,
  manifestOf,
  setStatus,
  type ComponentRecord,
} from '../../store/components.ts';
import { userNamesOf } from '../../store/accounts.ts';
import type { Account } from '../auth/account.ts';
import { orderOf, pageOf, paginationOf } from '../page.ts';
import { resolveTag } from './resolve-tag.ts';

export interface ComponentView extends ComponentRecord {
  manifest: ReturnType<typeof manifestOf>;
  userName: string;
}

export type Family = 'app' | 'engine';

/** Apps are found under both families' paths where no app has the name; engines only under their own. */
const LOOKUPS: Record<Family, readonly (readonly ComponentType[])[]> = {
  app: [['app'], ENGINE_TYPES],
  engine: [ENGINE_TYPES],
};

/** A component by tag or id, its newest revision. */
export async function getComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<ComponentView> {
  return viewOf(ctx, await findComponent(ctx, account, family, tag));
}

async function findComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<ComponentRecord> {
  for (const types of LOOKUPS[family]) {
    const record =
      (await resolveTag(ctx.store.db, { account: account.id, types, tag, active: false })) ??
      (await findComponentById(ctx.store.db, account.id, types, tag));
    if (record) return record;
  }
  throw notFound(family);
}

/** `activate` acts on the newest revision, `deactivate` on all of the version. */
export async function switchComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
  to: 'activate' | 'deactivate',
): Promise<ComponentView> {
  const { component, revision } = await findComponent(ctx, account, family, tag);
  const change = to === 'activate' ? { activate: revision.revision } : to;
  await setStatus(ctx.store.db, component.id, change);
  const status = to === 'activate' ? ('active' as const) : ('inactive' as const);
  return viewOf(ctx, { component, revision: { ...revision, status } });
}

export interface ListQuery {
  limit?: number | undefined;
  offset?: number | undefined;
  orderBy?: string | undefined;
  isPublic?: boolean | undefined;
  type?: ComponentType | undefined;
}

const SORT_KEYS = {
  id: 'id',
  name: 'name',
  version: 'version',
  status: 'status',
  type: 'type',
  revision: 'revision',
  createdAt: 'createdAt',
  updatedAt: 'updatedAt',
} as const;

export async function listComponents(
  ctx: Context,
  account: Account,
  family: Family,
  query: ListQuery,
): Promise<{ pagination: Pagination; components: ComponentView[] }> {
  const page = pageOf(query);
  const order = orderOf(query.orderBy, SORT_KEYS, {
    column: SORT_KEYS.createdAt,
    descending: true,
  });
  const ofFamily = COMPONENT_TYPES.filter((type) => (type === 'app') === (family === 'app'));
  const types = query.type === undefined ? ofFamily : [query.type];
  const owner = query.isPublic === true ? ('public' as const) : { account: account.id };
  const records = await listRecords(ctx.store.db, { owner, types });
  const sign = order.descending ? -1 : 1;
  const sorted = records.toSorted(
    (a, b) => sign * compareBy(order.column, a, b) || (a.component.id < b.component.id ? -1 : 1),
  );
  const rows = sorted.slice(page.offset, page.offset + page.limit);
  return {
    pagination: paginationOf(records.length, page),
    components: await viewsOf(ctx, rows),
  };
}

function compareBy(column: keyof typeof SORT_KEYS, a: ComponentRecord, b: ComponentRecord): number {
  switch (column) {
    case 'id':
    case 'name':
    case 'type':
      return compare(a.component[column], b.component[column]);
    case 'version':
      return compareVersions(a.component, b.component);
    case 'status':
    case 'revision':
      return compare(a.revision[column], b.revision[column]);
    case 'createdAt':
      return a.component.created_at - b.component.created_at;
    case 'updatedAt':
      return a.revision.created_at - b.revision.created_at;
  }
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function viewOf(ctx: Context, record: ComponentRecord): Promise<ComponentView> {
  const [view] = await viewsOf(ctx, [record]);
  if (view === undefined) throw notFound('component');
  return view;
}

export async function viewsOf(
  ctx: Context,
  records: readonly ComponentRecord[],
): Promise<ComponentView[]> {
  const names = await userNamesOf(
    ctx.store.db,
    records.map(({ component }) => component.account),
  );
  return records.map((record) => ({
    ...record,
    manifest: manifestOf(record.revision),
    userName: names.get(record.component.account) ?? '',
  }));
}

/** The package itself, as base64. */
export async function readPackageData(
  ctx: Context,
  { revision }: ComponentRecord,
): Promise<string> {
  const range = { offset: 0, length: revision.size_bytes };
  return (await ctx.blobs.read(revision.blob_key, range)).toString('base64');
}
