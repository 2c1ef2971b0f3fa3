/** Secrets as they are stored: sealed, one per account and id. */
import type { Db } from './store.ts';
import type { SecretRow } from './tables.ts';

/** Creates a secret or replaces the one of its id. */
export async function saveSecret(db: Db, row: SecretRow): Promise<void> {
  const { account: _account, id: _id, ...columns } = row;
  await db
    .insertInto('secret')
    .values(row)
    .onConflict((c) => c.columns(['account', 'id']).doUpdateSet(columns))
    .execute();
}

/** Secrets of an account by id, of one type or of all. */
export async function listSecrets(
  db: Db,
  account: string,
  type: string | undefined,
): Promise<SecretRow[]> {
  const own = db.selectFrom('secret').selectAll().where('account', '=', account).orderBy('id');
  return (type === undefined ? own : own.where('type', '=', type)).execute();
}

/** Those of the ids that there are. */
export async function findSecrets(
  db: Db,
  account: string,
  ids: readonly string[],
): Promise<SecretRow[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('secret')
    .selectAll()
    .where('account', '=', account)
    .where('id', 'in', ids)
    .execute();
}

export async function countSecrets(db: Db, account: string): Promise<number> {
  const { n } = await db
    .selectFrom('secret')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('account', '=', account)
    .executeTakeFirstOrThrow();
  return n;
}

/** False when there is no such secret. */
export async function deleteSecret(
  db: Db,
  { account, type, id }: Pick<SecretRow, 'account' | 'type' | 'id'>,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('secret')
    .where('account', '=', account)
    .where('type', '=', type)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
