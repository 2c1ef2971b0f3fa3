/** Apps and engines: one `component` row for each name and version, one `revision` row for each content. */
import type { ComponentType } from '@bytenite/contract';
import type { Manifest } from '../domain/manifest.ts';
import type { Db, Tx } from './store.ts';
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

/** One revision of a component that has not been deleted, whoever owns it. */
export async function findRevisionById(
  db: Db,
  component: string,
  revision: number,
): Promise<ComponentRecord | undefined> {
  const found = await db
    .selectFrom('component')
    .innerJoin('revision', 'revision.component', 'component.id')
    .select(['component.id', 'revision.revision'])
    .where('component.id', '=', component)
    .where('component.deleted_at', 'is', null)
    .where('revision.revision', '=', revision)
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

/** A revision whose package has this hash; equal hashes mean equal bytes. */
export async function findRevisionByHash(db: Db, hash: string): Promise<RevisionRow | undefined> {
  return db
    .selectFrom('revision')
    .selectAll()
    .where('hash', '=', hash)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export interface ComponentScope {
  /** Those of an account, or all public ones. */
  owner: { account: string } | 'public';
  types: readonly ComponentType[];
}

/** One record a name and version, each with its newest revision. */
export async function listComponents(db: Db, scope: ComponentScope): Promise<ComponentRecord[]> {
  let select = db
    .selectFrom('component')
    .selectAll()
    .where('family', 'in', familiesOf(scope.types))
    .where('type', 'in', scope.types)
    .where('deleted_at', 'is', null);
  select =
    scope.owner === 'public'
      ? select.where('is_public', '=', 1)
      : select.where('account', '=', scope.owner.account);
  const components = await select.execute();
  const records: ComponentRecord[] = [];
  for (const component of components) {
    const revision = await newestRevision(db, component.id);
    if (revision !== undefined) records.push({ component, revision });
  }
  return records;
}

export async function newestRevision(db: Db, component: string): Promise<RevisionRow | undefined> {
  return db
    .selectFrom('revision')
    .selectAll()
    .where('component', '=', component)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The row of one name and version. */
export async function findVersion(
  db: Db,
  query: Pick<ComponentRow, 'account' | 'family' | 'name' | 'major' | 'minor'>,
): Promise<ComponentRow | undefined> {
  return db
    .selectFrom('component')
    .selectAll()
    .where('account', '=', query.account)
    .where('family', '=', query.family)
    .where('name', '=', query.name)
    .where('major', '=', query.major)
    .where('minor', '=', query.minor)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

/** The types that an account's components of this name have in a family. */
export async function typesOfName(
  db: Db,
  query: Pick<ComponentRow, 'account' | 'family' | 'name'>,
): Promise<ComponentType[]> {
  const rows = await db
    .selectFrom('component')
    .select('type')
    .distinct()
    .where('account', '=', query.account)
    .where('family', '=', query.family)
    .where('name', '=', query.name)
    .where('deleted_at', 'is', null)
    .execute();
  return rows.map((row) => row.type);
}

export async function insertComponent(tx: Tx, row: ComponentRow): Promise<void> {
  await tx.insertInto('component').values(row).execute();
}

export async function insertRevision(tx: Tx, row: RevisionRow): Promise<void> {
  await tx.insertInto('revision').values(row).execute();
}

/** Lets jobs use one revision, or keeps them from using any of the version. */
export async function setStatus(
  db: Db,
  component: string,
  change: { activate: number } | 'deactivate',
): Promise<void> {
  const update = db.updateTable('revision').where('component', '=', component);
  await (
    change === 'deactivate'
      ? update.set({ status: 'inactive' })
      : update.set({ status: 'active' }).where('revision', '=', change.activate)
  ).execute();
}

/**
 * Marks a package that is about to be written as garbage; the transaction that needs it takes the mark
 * away. So a crash in between leaves nothing behind for good.
 */
export async function holdPackage(db: Db, key: string, notBefore: number): Promise<number> {
  const row = await db
    .insertInto('gc')
    .values({ prefix: key, not_before: notBefore })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

export async function keepPackage(tx: Tx, hold: number): Promise<void> {
  await tx.deleteFrom('gc').where('id', '=', hold).execute();
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
