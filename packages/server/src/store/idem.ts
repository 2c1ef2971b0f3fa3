/** Keys of calls that have their effect once, with the reply to repeat. */
import type { Insertable } from 'kysely';
import type { Db, Tx } from './store.ts';
import type { IdemTable } from './tables.ts';

type IdemKey = Pick<IdemTable, 'account' | 'path' | 'key'>;

export async function findIdem(
  db: Db,
  { account, path, key }: IdemKey,
  createdAfter: number,
): Promise<IdemTable | undefined> {
  return db
    .selectFrom('idem')
    .selectAll()
    .where('account', '=', account)
    .where('path', '=', path)
    .where('key', '=', key)
    .where('created_at', '>', createdAfter)
    .executeTakeFirst();
}

/** False when a call with this key was first; one that waits for the other's end learns it then. */
export async function insertIdem(
  tx: Tx,
  row: Insertable<IdemTable>,
  createdAfter: number,
): Promise<boolean> {
  await tx
    .deleteFrom('idem')
    .where('account', '=', row.account)
    .where('path', '=', row.path)
    .where('key', '=', row.key)
    .where('created_at', '<=', createdAfter)
    .execute();
  const inserted = await tx
    .insertInto('idem')
    .values(row)
    .onConflict((c) => c.doNothing())
    .returning('key')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function saveIdemReply(
  tx: Tx,
  { account, path, key }: IdemKey,
  reply: string,
): Promise<void> {
  await tx
    .updateTable('idem')
    .set({ reply })
    .where('account', '=', account)
    .where('path', '=', path)
    .where('key', '=', key)
    .execute();
}

export async function deleteIdemBefore(db: Db, createdBefore: number): Promise<void> {
  await db.deleteFrom('idem').where('created_at', '<=', createdBefore).execute();
}
