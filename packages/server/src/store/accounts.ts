/** Accounts, their API keys and access tokens. Keys and tokens are stored hashed only. */
import type { ContactInfo } from '@bytenite/contract';
import type { Insertable, Updateable } from 'kysely';
import type { Db, Tx } from './store.ts';
import type { AccessTokenTable, AccountRow, AccountTable, ApiKeyTable } from './tables.ts';

/** The user's own fields, the JSON of `account.doc`. User data is kept as source text. */
export interface AccountDoc {
  displayName: string;
  email: string;
  firstName: string;
  lastName: string;
  contactInfo: { [Field in keyof ContactInfo]?: string | undefined };
  isOnboarded: boolean;
  settings: string;
  onboardingInfo: { step: string; answer: string }[];
}

export const EMPTY_ACCOUNT_DOC: AccountDoc = {
  displayName: '',
  email: '',
  firstName: '',
  lastName: '',
  contactInfo: {},
  isOnboarded: false,
  settings: '{}',
  onboardingInfo: [],
};

export function accountDocOf(row: Pick<AccountRow, 'doc'>): AccountDoc {
  return { ...EMPTY_ACCOUNT_DOC, ...(JSON.parse(row.doc) as Partial<AccountDoc>) };
}

export async function findAccount(db: Db, id: string): Promise<AccountRow | undefined> {
  return db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The oldest account: the one made at the first start. */
export async function firstAccount(db: Db): Promise<AccountRow | undefined> {
  return db
    .selectFrom('account')
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}

export async function insertAccount(tx: Tx, row: Insertable<AccountTable>): Promise<AccountRow> {
  return tx.insertInto('account').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function updateAccount(
  db: Db,
  id: string,
  patch: Updateable<AccountTable>,
): Promise<void> {
  await db.updateTable('account').set(patch).where('id', '=', id).execute();
}

export async function isUserNameTaken(db: Db, userName: string, by: string): Promise<boolean> {
  const row = await db
    .selectFrom('account')
    .select('id')
    .where('user_name', '=', userName)
    .where('id', '!=', by)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertApiKey(tx: Tx, row: Insertable<ApiKeyTable>): Promise<void> {
  await tx.insertInto('api_key').values(row).execute();
}

export interface KeyHolder {
  keyId: string;
  keyExpiresAt: number;
  account: AccountRow;
}

/** Who a key belongs to, as long as it can be used. */
export async function findKeyHolder(
  db: Db,
  hash: string,
  now: number,
): Promise<KeyHolder | undefined> {
  const key = await db
    .selectFrom('api_key')
    .select(['id', 'account', 'expires_at'])
    .where('hash', '=', hash)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (key === undefined) return undefined;
  const account = await findAccount(db, key.account);
  if (account === undefined || account.disabled !== 0) return undefined;
  return { keyId: key.id, keyExpiresAt: key.expires_at, account };
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

/** Makes a key of this hash usable again. */
export async function reviveApiKey(tx: Tx, hash: string, expiresAt: number): Promise<void> {
  await tx
    .updateTable('api_key')
    .set({ revoked_at: null, expires_at: expiresAt })
    .where('hash', '=', hash)
    .execute();
}

export async function insertToken(db: Db, row: Insertable<AccessTokenTable>): Promise<void> {
  await db.insertInto('access_token').values(row).execute();
}

export interface TokenHolder {
  expiresAt: number;
  account: AccountRow;
}

/** Who a token belongs to, as long as it and the key it came from can be used. */
export async function findTokenHolder(
  db: Db,
  hash: string,
  now: number,
): Promise<TokenHolder | undefined> {
  const token = await db
    .selectFrom('access_token')
    .innerJoin('api_key', 'api_key.id', 'access_token.api_key')
    .select(['access_token.account', 'access_token.expires_at'])
    .where('access_token.hash', '=', hash)
    .where('access_token.expires_at', '>', now)
    .where('api_key.revoked_at', 'is', null)
    .where('api_key.expires_at', '>', now)
    .executeTakeFirst();
  if (token === undefined) return undefined;
  const account = await findAccount(db, token.account);
  if (account === undefined || account.disabled !== 0) return undefined;
  return { expiresAt: token.expires_at, account };
}

export async function deleteToken(db: Db, hash: string): Promise<void> {
  await db.deleteFrom('access_token').where('hash', '=', hash).execute();
}

export async function deleteExpiredTokens(db: Db, now: number): Promise<void> {
  await db.deleteFrom('access_token').where('expires_at', '<=', now).execute();
}

/** User names by account, for the owners of what is shown. */
export async function userNamesOf(
  db: Db,
  accounts: readonly string[],
): Promise<Map<string, string>> {
  if (accounts.length === 0) return new Map();
  const rows = await db
    .selectFrom('account')
    .select(['id', 'user_name'])
    .where('id', 'in', [...new Set(accounts)])
    .execute();
  return new Map(rows.map((row) => [row.id, row.user_name]));
}
