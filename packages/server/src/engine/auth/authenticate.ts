import { ApiError } from '@bytenite/contract';
import { LRUCache } from 'lru-cache';
import type { Context } from '../../context.ts';
import { deleteToken, findKeyHolder, findTokenHolder, isWelcome } from '../../store/accounts.ts';
import { noteKeyUse } from '../../store/api-keys.ts';
import type { Store } from '../../store/store.ts';
import type { Caller, Role } from './account.ts';
import { hashOf } from './tokens.ts';

interface Known {
  account: Caller;
  expiresAt: number;
}

/** Clients poll: for this long a token is taken for what it was when last looked up. */
const REMEMBER_MS = 5000;
/** Where another server may have ended it, which this one does not hear of. */
const REMEMBER_SHARED_MS = 1000;
const REMEMBER_COUNT = 10_000;

/** The last use of a key is told to the minute. */
const USE_STEP_MS = 60_000;

interface Memory {
  known: LRUCache<string, Known>;
  /** Grows when something is forgotten: what was looked up before is not remembered after. */
  epoch: number;
}

/** By store, so that two servers in one process do not know each other's callers. */
const memories = new WeakMap<Store, Memory>();

/** Whose access token or API key this is; 401 when it is nobody's, no longer, or null. */
export async function authenticate(ctx: Context, credential: string | null): Promise<Caller> {
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

/** Throws 401 once the caller's account was disabled or its key ended. */
export async function requireWelcome(ctx: Context, { id, keyId }: Caller): Promise<void> {
  const isStill = await isWelcome(ctx.store.db, { account: id, key: keyId, now: ctx.now() });
  if (!isStill) throw new ApiError('UNAUTHENTICATED', 'invalid token');
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
  const { db } = ctx.store;
  const token = await findTokenHolder(db, hash, now);
  const holder = token ?? (await findKeyHolder(db, hash, now));
  if (holder === undefined) return undefined;
  const { account: row, keyId, keyUsedAt, expiresAt } = holder;
  await noteUse(ctx, keyId, keyUsedAt, now);
  const { id, user_name: userName, role } = row;
  return { account: { id, userName, role: role as Role, keyId }, expiresAt };
}

/** Only here, where the memory did not know; a use that cannot be written down is none to fail for. */
async function noteUse(
  ctx: Context,
  keyId: string,
  usedAt: number | null,
  now: number,
): Promise<void> {
  if (usedAt !== null && now - usedAt < USE_STEP_MS) return;
  try {
    await noteKeyUse(ctx.store.db, keyId, now);
  } catch (error) {
    ctx.logger.warn({ err: error, keyId }, 'last use of a key could not be stored');
  }
}

function memoryOf(store: Store): Memory {
  let memory = memories.get(store);
  if (memory === undefined) {
    const ttl = store.shared === null ? REMEMBER_MS : REMEMBER_SHARED_MS;
    memory = { known: new LRUCache({ max: REMEMBER_COUNT, ttl }), epoch: 0 };
    memories.set(store, memory);
  }
  return memory;
}
