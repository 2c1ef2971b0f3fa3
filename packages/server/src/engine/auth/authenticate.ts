import { ApiError } from '@bytenite/contract';
import { LRUCache } from 'lru-cache';
import type { Context } from '../../context.ts';
import { deleteToken, findKeyHolder, findTokenHolder } from '../../store/accounts.ts';
import type { Store } from '../../store/store.ts';
import type { AccountRow } from '../../store/tables.ts';
import type { Account, Role } from './account.ts';
import { hashOf } from './tokens.ts';

interface Known {
  account: Account;
  expiresAt: number;
}

/** Clients poll: for this long a token is taken for what it was when last looked up. */
const REMEMBER_MS = 5000;
const REMEMBER_COUNT = 10_000;

interface Memory {
  known: LRUCache<string, Known>;
  /** Grows when something is forgotten: what was looked up before is not remembered after. */
  epoch: number;
}

/** By store, so that two servers in one process do not know each other's callers. */
const memories = new WeakMap<Store, Memory>();

/** Whose access token or API key this is; 401 when it is nobody's, no longer, or null. */
export async function authenticate(ctx: Context, credential: string | null): Promise<Account> {
  if (credential === null) throw new ApiError('UNAUTHENTICATED', 'authentication required');
  const hash = hashOf(credential);
  const memory = memoryOf(ctx.store);
  const { epoch } = memory;
  const now = ctx.now();
  let known = memory.known.get(hash);
  if (known === undefined) {
    known = await lookUp(ctx, hash, now);
    if (known !== undefined && memory.epoch === epoch) memory.known.set(hash, known);
  }
  if (known === undefined || known.expiresAt <= now) {
    throw new ApiError('UNAUTHENTICATED', 'invalid token');
  }
  return known.account;
}

/** Ends an access token, at once. An API key in its place stays what it is. */
export async function signOut(ctx: Context, credential: string): Promise<void> {
  await deleteToken(ctx.store.db, hashOf(credential));
  forget(ctx.store);
}

/** Forgets whom tokens and keys belong to: after one of them, or an account, changed. */
export function forget(store: Store): void {
  const memory = memoryOf(store);
  memory.epoch += 1;
  memory.known.clear();
}

async function lookUp(ctx: Context, hash: string, now: number): Promise<Known | undefined> {
  const token = await findTokenHolder(ctx.store.db, hash, now);
  if (token !== undefined) return { account: toAccount(token.account), expiresAt: token.expiresAt };
  const key = await findKeyHolder(ctx.store.db, hash, now);
  return key && { account: toAccount(key.account), expiresAt: key.keyExpiresAt };
}

function toAccount(row: AccountRow): Account {
  return { id: row.id, userName: row.user_name, role: row.role as Role };
}

function memoryOf(store: Store): Memory {
  let memory = memories.get(store);
  if (memory === undefined) {
    memory = { known: new LRUCache({ max: REMEMBER_COUNT, ttl: REMEMBER_MS }), epoch: 0 };
    memories.set(store, memory);
  }
  return memory;
}
