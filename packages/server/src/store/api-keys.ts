/** API keys, stored hashed only. A row is never deleted: a key that ended must stay known as ended. */
import type { Insertable } from 'kysely';
import type { Db, Tx } from './store.ts';
import type { ApiKeyRow, ApiKeyTable } from './tables.ts';

export async function insertApiKey(tx: Tx, row: Insertable<ApiKeyTable>): Promise<ApiKeyRow> {
  return tx.insertInto('api_key').values(row).returningAll().executeTakeFirstOrThrow();
}

/** Keys of an account, usable or not, the newest first. */
export async function listApiKeys(db: Db, account: string, limit: number): Promise<ApiKeyRow[]> {
  return db
    .selectFrom('api_key')
    .selectAll()
    .where('account', '=', account)
    .orderBy('issued_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

export async function countUsableKeys(db: Db, account: string, now: number): Promise<number> {
  const { n } = await db
    .selectFrom('api_key')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('account', '=', account)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return n;
}

/** Whether a key of this hash was ever issued, usable or not. */
export async function isKnownKey(db: Db, hash: string): Promise<boolean> {
  const row = await db
    .selectFrom('api_key')
    .select('id')
    .where('hash', '=', hash)
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends a key and the access tokens that came from it; false when the account has no such key. */
export async function revokeApiKey(
  tx: Tx,
  { account, id, now }: { account: string; id: string; now: number },
): Promise<boolean> {
  const key = await tx
    .selectFrom('api_key')
    .select('id')
    .where('id', '=', id)
    .where('account', '=', account)
    .executeTakeFirst();
  if (key === undefined) return false;
  await tx
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  // Else they would come back with a key that the operator presets again.
  await tx.deleteFrom('access_token').where('api_key', '=', id).execute();
  return true;
}

/** Makes a key of this hash usable again. */
export async function reviveApiKey(tx: Tx, hash: string, expiresAt: number): Promise<void> {
  await tx
    .updateTable('api_key')
    .set({ revoked_at: null, expires_at: expiresAt })
    .where('hash', '=', hash)
    .execute();
}

export async function noteKeyUse(db: Db, id: string, now: number): Promise<void> {
  await db.updateTable('api_key').set({ last_used_at: now }).where('id', '=', id).execute();
}
