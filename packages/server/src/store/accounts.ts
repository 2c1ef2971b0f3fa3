/** Accounts, and who an API key or an access token belongs to. */
import type { ContactInfo } from '@bytenite/contract';
import { sql, type Insertable, type Updateable } from 'kysely';
import { locksRows } from './dialect.ts';
import type { Db, Tx } from './store.ts';
import type { AccessTokenTable, AccountRow, AccountTable } from './tables.ts';

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

/** Locks an account, for what must be looked at and changed in one piece. */
export async function lockAccount(tx: Tx, id: string): Promise<AccountRow | undefined> {
  return tx
    .selectFrom('account')
    .selectAll()
    .where('id', '=', id)
    .$if(locksRows(tx), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
}

/** Keeps the administrators as they are, so that two of them do not disable one another. */
export async function lockAdmins(tx: Tx): Promise<void> {
  if (!locksRows(tx)) return;
  await tx
    .selectFrom('account')
    .select('id')
    .where('role', '=', 'ROLE_ADMIN')
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
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

/** Who has this name, in any case. */
export async function findAccountByName(db: Db, userName: string): Promise<AccountRow | undefined> {
  return db
    .selectFrom('account')
    .selectAll()
    .where(sql`lower(user_name)`, '=', userName.toLowerCase())
    .executeTakeFirst();
}

export async function listAccounts(db: Db): Promise<AccountRow[]> {
  return db.selectFrom('account').selectAll().execute();
}

export async function countAccounts(db: Db): Promise<number> {
  const { n } = await db
    .selectFrom('account')
    .select((e) => e.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return n;
}

/** The oldest administrator who is not disabled. */
export async function firstAdmin(db: Db): Promise<AccountRow | undefined> {
  return db
    .selectFrom('account')
    .selectAll()
    .where('role', '=', 'ROLE_ADMIN')
    .where('disabled', '=', 0)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}

/** Whose a key or a token is, and until when. */
export interface Holder {
  account: AccountRow;
  expiresAt: number;
  keyId: string;
  keyUsedAt: number | null;
}

/** Who a key belongs to, as long as it can be used. */
export async function findKeyHolder(
  db: Db,
  hash: string,
  now: number,
): Promise<Holder | undefined> {
  const key = await db
    .selectFrom('api_key')
    .select(['id', 'account', 'expires_at', 'last_used_at'])
    .where('hash', '=', hash)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (key === undefined) return undefined;
  const account = await findAccount(db, key.account);
  if (account === undefined || account.disabled !== 0) return undefined;
  return { account, expiresAt: key.expires_at, keyId: key.id, keyUsedAt: key.last_used_at };
}

export async function insertToken(db: Db, row: Insertable<AccessTokenTable>): Promise<void> {
  await db.insertInto('access_token').values(row).execute();
}

/** Who a token belongs to, as long as it and the key it came from can be used. */
export async function findTokenHolder(
  db: Db,
  hash: string,
  now: number,
): Promise<Holder | undefined> {
  const token = await db
    .selectFrom('access_token')
    .innerJoin('api_key', 'api_key.id', 'access_token.api_key')
    .select([
      'access_token.account',
      'access_token.expires_at',
      'access_token.api_key',
      'api_key.last_used_at',
      'api_key.expires_at as key_expires_at',
    ])
    .where('access_token.hash', '=', hash)
    .where('access_token.expires_at', '>', now)
    .where('api_key.revoked_at', 'is', null)
    .where('api_key.expires_at', '>', now)
    .executeTakeFirst();
  if (token === undefined) return undefined;
  const account = await findAccount(db, token.account);
  if (account === undefined || account.disabled !== 0) return undefined;
  const { api_key: keyId, last_used_at: keyUsedAt } = token;
  const expiresAt = Math.min(token.expires_at, token.key_expires_at);
  return { account, expiresAt, keyId, keyUsedAt };
}

/** Whether an account, and the key it came with, can still be used. */
export async function isWelcome(
  db: Db,
  { account, key, now }: { account: string; key: string; now: number },
): Promise<boolean> {
  const row = await db
    .selectFrom('api_key')
    .innerJoin('account', 'account.id', 'api_key.account')
    .select('account.id')
    .where('api_key.id', '=', key)
    .where('api_key.revoked_at', 'is', null)
    .where('api_key.expires_at', '>', now)
    .where('account.id', '=', account)
    .where('account.disabled', '=', 0)
    .executeTakeFirst();
  return row !== undefined;
}

export async function deleteToken(db: Db, hash: string): Promise<void> {
  await db.deleteFrom('access_token').where('hash', '=', hash).execute();
}

export async function deleteTokensOf(tx: Tx, account: string): Promise<void> {
  await tx.deleteFrom('access_token').where('account', '=', account).execute();
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
