/** Apps and engines: one `component` row for each name and version, one `revision` row for each content. */
import type { ComponentType } from '@bytenite/contract';
import type { Manifest } from '../domain/manifest.ts';
import type { Db } from './store.ts';
import type { ComponentRow, RevisionRow } from './tables.ts';

/** A component with one of its revisions. */
export interface ComponentRecord {
  component: ComponentRow;
  revision: RevisionRow;
}

export interface RevisionQuery {
  account: string;
  types: readonly ComponentType[];
  name: string;
  /** Null takes the highest. */
  major: number | null;
  minor: number | null;
  revision: number | null;
  /** Only revisions that jobs may use. */
  active: boolean;
}

/** The highest version and newest revision that fits. */
export async function findRevision(
  db: Db,
  query: RevisionQuery,
): Promise<ComponentRecord | undefined> {
  let select = db
    .selectFrom('component')
    .innerJoin('revision', 'revision.component', 'component.id')
    .select(['component.id', 'revision.revision'])
    .where('component.account', '=', query.account)
    .where('component.family', 'in', familiesOf(query.types))
    .where('component.type', 'in', query.types)
    .where('component.name', '=', query.name)
    .where('component.deleted_at', 'is', null);
  if (query.major !== null) select = select.where('component.major', '=', query.major);
  if (query.minor !== null) select = select.where('component.minor', '=', query.minor);
  if (query.revision !== null) select = select.where('revision.revision', '=', query.revision);
  if (query.active) select = select.where('revision.status', '=', 'active');
  const found = await select
    .orderBy('component.major', 'desc')
    .orderBy('component.minor', 'desc')
    .orderBy('revision.revision', 'desc')
    .limit(1)
    .executeTakeFirst();
  return found === undefined ? undefined : readRecord(db, found.id, found.revision);
}

/** A component by its id, with its newest revision. */
export async function findComponentById(
  db: Db,
  account: string,
  types: readonly ComponentType[],
  id: string,
): Promise<ComponentRecord | undefined> {
  const found = await db
    .selectFrom('component')
    .innerJoin('revision', 'revision.component', 'component.id')
    .select(['component.id', 'revision.revision'])
    .where('component.id', '=', id)
    .where('component.account', '=', account)
    .where('component.type', 'in', types)
    .where('component.deleted_at', 'is', null)
    .orderBy('revision.revision', 'desc')
    .limit(1)
    .executeTakeFirst();
  return found === undefined ? undefined : readRecord(db, found.id, found.revision);
}

async function readRecord(db: Db, id: string, revision: number): Promise<ComponentRecord> {
  const component = await db
    .selectFrom('component')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const row = await db
    .selectFrom('revision')
    .selectAll()
    .where('component', '=', id)
    .where('revision', '=', revision)
    .executeTakeFirstOrThrow();
  return { component, revision: row };
}

/** The manifest of a revision, as it was understood at its push. */
export function manifestOf(revision: Pick<RevisionRow, 'manifest'>): Manifest {
  return JSON.parse(revision.manifest) as Manifest;
}

export function familyOf(type: ComponentType): ComponentRow['family'] {
  return type === 'app' ? 'app' : 'engine';
}

function familiesOf(types: readonly ComponentType[]): ComponentRow['family'][] {
  return [...new Set(types.map(familyOf))];
}

/** Any revision with this content; equal content has equal bytes. */
export async function findRevisionByHash(db: Db, hash: string): Promise<RevisionRow | undefined> {
  return db
    .selectFrom('revision')
    .selectAll()
    .where('hash', '=', hash)
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
}
