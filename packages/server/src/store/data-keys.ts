/** The key that encrypts an account's secrets, itself encrypted with a master key. */
import type { Db, Tx } from './store.ts';
import type { DataKeyRow } from './tables.ts';

export async function findDataKey(db: Db, account: string): Promise<DataKeyRow | undefined> {
  return db.selectFrom('data_key').selectAll().where('account', '=', account).executeTakeFirst();
}

/** Two that make an account's first key at once: both end with the one that was first. */
export async function insertDataKey(db: Db, row: DataKeyRow): Promise<void> {
  await db
    .insertInto('data_key')
    .values(row)
    .onConflict((c) => c.column('account').doNothing())
    .execute();
}

/** A page of keys that another master key encrypted. */
export async function dataKeysOfOthers(
  db: Db,
  master: string,
  limit: number,
): Promise<DataKeyRow[]> {
  return db
    .selectFrom('data_key')
    .selectAll()
    .where('master', '!=', master)
    .orderBy('account')
    .limit(limit)
    .execute();
}

export async function rewrapDataKeys(tx: Tx, rows: readonly DataKeyRow[]): Promise<void> {
  for (const { account, master, wrapped } of rows) {
    await tx
      .updateTable('data_key')
      .set({ master, wrapped })
      .where('account', '=', account)
      .execute();
  }
}
