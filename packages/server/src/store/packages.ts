/** Packages of revisions: kept while a revision row names them, and while a job pins the revision. */
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { Db, Tx } from './store.ts';
import type { RevisionRow, Tables } from './tables.ts';

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

type RevisionRef = Pick<RevisionRow, 'component' | 'revision'>;

/** Revisions of components that were deleted before a time, and that no job pins. */
export async function unneededRevisions(
  db: Db,
  deletedBefore: number,
  limit: number,
): Promise<RevisionRef[]> {
  return db
    .selectFrom('revision')
    .select(['revision.component', 'revision.revision'])
    .where((e) => isUnneeded(e, deletedBefore))
    .limit(limit)
    .execute();
}

/** Deletes the row of a revision that is still not needed; gives the key of its package. */
export async function dropRevision(
  tx: Tx,
  { component, revision }: RevisionRef,
  deletedBefore: number,
): Promise<string | undefined> {
  const dropped = await tx
    .deleteFrom('revision')
    .where('revision.component', '=', component)
    .where('revision.revision', '=', revision)
    .where((e) => isUnneeded(e, deletedBefore))
    .returning('blob_key')
    .executeTakeFirst();
  if (dropped === undefined) return undefined;
  await tx
    .deleteFrom('component')
    .where('id', '=', component)
    .where((e) => {
      const other = e.selectFrom('revision').select('revision').where('component', '=', component);
      return e.not(e.exists(other));
    })
    .execute();
  return dropped.blob_key;
}

/** A job that has ended for good needs its revisions no more. */
export async function deletePins(tx: Tx, job: number): Promise<void> {
  await tx.deleteFrom('pin').where('job', '=', job).execute();
}

function isUnneeded(
  e: ExpressionBuilder<Tables, 'revision'>,
  deletedBefore: number,
): Expression<SqlBool> {
  const deleted = e
    .selectFrom('component')
    .select('component.id')
    .whereRef('component.id', '=', 'revision.component')
    .where('component.deleted_at', '<=', deletedBefore);
  const pin = e
    .selectFrom('pin')
    .select('pin.job')
    .whereRef('pin.component', '=', 'revision.component')
    .whereRef('pin.revision', '=', 'revision.revision');
  return e.and([e.exists(deleted), e.not(e.exists(pin))]);
}
