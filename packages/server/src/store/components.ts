/** Apps and engines: one `component` row for each name and version, one `revision` row for each content. */
import type { ComponentType } from '@bytenite/contract';
import type { Manifest } from '../domain/manifest.ts';
import { isShared } from './shared.ts';
import { locksRows } from './dialect.ts';
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
  /** Only components that their owner shares. */
  onlyPublic?: boolean;
}

/** What a caller sees of components by their id: the own ones, or also what others made public. */
export interface IdQuery {
  account: string;
  types: readonly ComponentType[];
  id: string;
  orPublic: boolean;
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
  if (query.onlyPublic === true) select = select.where(isShared('component'));
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
  { account, types, id, orPublic }: IdQuery,
): Promise<ComponentRecord | undefined> {
  const found = await db
    .selectFrom('component')
    .innerJoin('revision', 'revision.component', 'component.id')
    .select(['component.id', 'revision.revision'])
    .where('component.id', '=', id)
    .where((e) => {
      const isOwn = e('component.account', '=', account);
      return orPublic ? e.or([isOwn, isShared('component')]) : isOwn;
    })
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

export async function newestRevision(db: Db, component: string): Promise<RevisionRow | undefined> {
  return db
    .selectFrom('revision')
    .selectAll()
    .where('component', '=', component)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The row of one name and version, which is not deleted meanwhile. */
export async function lockVersion(
  tx: Tx,
  query: Pick<ComponentRow, 'account' | 'family' | 'name' | 'major' | 'minor'>,
): Promise<ComponentRow | undefined> {
  return tx
    .selectFrom('component')
    .selectAll()
    .$if(locksRows(tx), (select) => select.forNoKeyUpdate())
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

/** Lets other accounts see a component, or keeps it from them. */
export async function setPublic(db: Db, component: string, isPublic: boolean): Promise<void> {
  await db
    .updateTable('component')
    .set({ is_public: isPublic ? 1 : 0 })
    .where('id', '=', component)
    .execute();
}

/** Replaces the sealed registry token of a revision. */
export async function setToken(
  tx: Tx,
  { component, revision }: Pick<RevisionRow, 'component' | 'revision'>,
  token: string,
): Promise<void> {
  await tx
    .updateTable('revision')
    .set({ token })
    .where('component', '=', component)
    .where('revision', '=', revision)
    .execute();
}

/** Nothing finds it any more; its name and version are free. False when somebody else deleted it. */
export async function deleteComponent(db: Db, component: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('component')
    .set({ deleted_at: now })
    .where('id', '=', component)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The manifest of a revision, as it was understood at its push. */
export function manifestOf(revision: Pick<RevisionRow, 'manifest'>): Manifest {
  return JSON.parse(revision.manifest) as Manifest;
}

export function familyOf(type: ComponentType): ComponentRow['family'] {
  return type === 'app' ? 'app' : 'engine';
}

export function familiesOf(types: readonly ComponentType[]): ComponentRow['family'][] {
  return [...new Set(types.map(familyOf))];
}
