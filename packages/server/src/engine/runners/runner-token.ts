/** Whose runner it is: the platform's own token, or one that an administrator made. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError } from '@bytenite/contract';
import { LRUCache } from 'lru-cache';
import type { Context } from '../../context.ts';
import { findUsableRunnerToken } from '../../store/runner-tokens.ts';
import type { Store } from '../../store/store.ts';
import { hashOf } from '../auth/tokens.ts';

/** A token that runners come with; the platform's own has no id and no name. */
export interface RunnerTokenHolder {
  id: string;
  name: string;
}

export const OWN_TOKEN: RunnerTokenHolder = { id: '', name: '' };

/** Another server may have revoked it, of which this one may not have heard. */
const REMEMBER_MS = 1000;
const REMEMBER_COUNT = 1000;

/** By store, so that two servers in one process do not know each other's tokens. */
const memories = new WeakMap<Store, LRUCache<string, RunnerTokenHolder>>();

export async function authenticateRunner(
  ctx: Context,
  credential: string,
  ownToken: string,
): Promise<RunnerTokenHolder> {
  if (timingSafeEqual(digest(credential), digest(ownToken))) return OWN_TOKEN;
  const hash = hashOf(credential);
  const memory = memoryOf(ctx.store);
  let holder = memory.get(hash);
  if (holder === undefined) {
    const row = await findUsableRunnerToken(ctx.store.db, hash);
    if (row === undefined) throw new ApiError('UNAUTHENTICATED', 'invalid runner token');
    holder = { id: row.id, name: row.name };
    memory.set(hash, holder);
  }
  return holder;
}

/** After one was revoked. */
export function forgetRunnerTokens(store: Store): void {
  memories.delete(store);
}

/** Runners of different tokens may have the same name; `@` is in no name. */
export function runnerIdOf(token: RunnerTokenHolder, name: string): string {
  return token.id === '' ? name : `${name}@${token.name}`;
}

function memoryOf(store: Store): LRUCache<string, RunnerTokenHolder> {
  let memory = memories.get(store);
  if (memory === undefined) {
    memory = new LRUCache({ max: REMEMBER_COUNT, ttl: REMEMBER_MS });
    memories.set(store, memory);
  }
  return memory;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
