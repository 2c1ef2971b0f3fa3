/** Lists of components: one row a name and version, with its newest revision. */
import type { ComponentType } from '@bytenite/contract';
import { sql, type RawBuilder } from 'kysely';
import { familiesOf, type ComponentRecord } from './components.ts';
import { dialectOf, type DialectName, type DialectTraits } from './dialect.ts';
import { isShared } from './shared.ts';
import type { Db } from './store.ts';

export interface ComponentScope {
  /** Those of an account, or all public ones. */
  owner: { account: string } | 'public';
  types: readonly ComponentType[];
}

export interface ListPage<Field extends string> {
  order: { column: Field; descending: boolean };
  limit: number;
  offset: number;
}

type Sortable = (traits: DialectTraits) => RawBuilder<unknown>;

const column = (name: string): Sortable => {
  return () => sql.ref(name);
};
const ofManifest = (key: string): Sortable => {
  return ({ json }) => json.text(sql.ref('revision.manifest'), key);
};

/** Every scalar field of an App or an Engine. */
const SORTABLE = {
  createdAt: column('component.created_at'),
  updatedAt: column('revision.created_at'),
  id: column('component.id'),
  name: column('component.name'),
  version: () => sql`cast(component.major as bigint) * 1000000000 + component.minor`,
  owner: column('component.account'),
  userName: column('account.user_name'),
  status: column('revision.status'),
  revision: column('revision.revision'),
  type: column('component.type'),
  hash: column('revision.hash'),
  platform: ofManifest('platform'),
  entrypoint: ofManifest('entrypoint'),
  description: ofManifest('description'),
  isPublic: column('component.is_public'),
} satisfies Record<string, Sortable>;

export type ComponentField = keyof typeof SORTABLE;
export const COMPONENT_FIELDS = Object.keys(SORTABLE) as ComponentField[];

export async function countComponents(db: Db, scope: ComponentScope): Promise<number> {
  const { n } = await inScope(db, scope)
    .select((e) => e.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return n;
}

/** One page of a list; ties are ordered by id. */
export async function listComponents(
  db: Db,
  dialect: DialectName,
  scope: ComponentScope,
  { order, limit, offset }: ListPage<ComponentField>,
): Promise<ComponentRecord[]> {
  const rows = await inScope(db, scope)
    .selectAll('component')
    .select([
      'revision.revision',
      'revision.status',
      'revision.hash',
      'revision.blob_key',
      'revision.size_bytes',
      'revision.manifest',
      'revision.schema',
      'revision.created_at as pushed_at',
      'revision.token',
      'revision.origin',
    ])
    .orderBy(SORTABLE[order.column](dialectOf(dialect)), order.descending ? 'desc' : 'asc')
    .orderBy('component.id')
    .limit(limit)
    .offset(offset)
    .execute();
  return rows.map(toRecord);
}

function inScope(db: Db, { owner, types }: ComponentScope) {
  const listed = db
    .selectFrom('component')
    .innerJoin('revision', 'revision.component', 'component.id')
    .innerJoin('account', 'account.id', 'component.account')
    .where('component.family', 'in', familiesOf(types))
    .where('component.type', 'in', types)
    .where('component.deleted_at', 'is', null)
    .where('revision.revision', '=', (e) =>
      e
        .selectFrom('revision as any')
        .select((s) => s.fn.max('any.revision').as('newest'))
        .whereRef('any.component', '=', 'component.id'),
    );
  return owner === 'public'
    ? listed.where(isShared('component'))
    : listed.where('component.account', '=', owner.account);
}

type ListedRow = ComponentRecord['component'] &
  Omit<ComponentRecord['revision'], 'component' | 'created_at'> & { pushed_at: number };

function toRecord(row: ListedRow): ComponentRecord {
  const {
    revision,
    status,
    hash,
    blob_key,
    size_bytes,
    manifest,
    schema,
    pushed_at,
    token,
    origin,
    ...component
  } = row;
  const contents = { hash, blob_key, size_bytes, manifest, schema, token, origin };
  return {
    component,
    revision: { component: component.id, revision, status, ...contents, created_at: pushed_at },
  };
}
