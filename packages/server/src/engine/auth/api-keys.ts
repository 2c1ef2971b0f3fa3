/** The keys of an account: its own calls and those of an administrator come here alike. */
import { invalid, notFound, precondition, type CreateApiKeyInput } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import { keyLifetimeMs } from '../../domain/key-lifetime.ts';
import { lockAccount } from '../../store/accounts.ts';
import { countUsableKeys, insertApiKey, listApiKeys, revokeApiKey } from '../../store/api-keys.ts';
import type { ApiKeyRow } from '../../store/tables.ts';
import type { Account } from './account.ts';
import { forget } from './authenticate.ts';
import { fingerprintOf, hashOf, newSecret } from './tokens.ts';

const MAX_USABLE = 1000;
/** A list is one reply; keys that ended long ago fall out of it. */
const MAX_LISTED = 10_000;

export interface NewApiKey {
  /** The key itself, which is told this once. */
  secret: string;
  row: ApiKeyRow;
}

export async function createApiKey(
  ctx: Context,
  owner: Pick<Account, 'id'>,
  { name, duration }: CreateApiKeyInput,
): Promise<NewApiKey> {
  const lifetimeMs = keyLifetimeMs(duration);
  if (lifetimeMs === null) {
    const description = 'must be "<n>s" or seconds, from 1 second to 100 years';
    throw invalid(`duration ${description}`, [{ field: 'duration', description }]);
  }
  const secret = newSecret();
  const hash = hashOf(secret);
  const now = ctx.now();
  const row = await ctx.store.transact(async (tx) => {
    const account = await lockAccount(tx, owner.id);
    if (account === undefined) throw notFound('user');
    if (account.disabled !== 0) {
      throw precondition(`user ${account.user_name} is disabled, enable it first`);
    }
    if ((await countUsableKeys(tx, owner.id, now)) >= MAX_USABLE) {
      throw precondition(`an account has at most ${MAX_USABLE} keys in use, revoke one first`);
    }
    return insertApiKey(tx, {
      id: uuidv7(),
      account: owner.id,
      name,
      hash,
      fingerprint: fingerprintOf(hash),
      issued_at: now,
      expires_at: now + lifetimeMs,
      revoked_at: null,
      last_used_at: null,
    });
  });
  return { secret, row };
}

export async function viewApiKeys(ctx: Context, owner: Pick<Account, 'id'>): Promise<ApiKeyRow[]> {
  return listApiKeys(ctx.store.db, owner.id, MAX_LISTED);
}

/** Ends a key and its access tokens at once; a key that has ended stays so. */
export async function endApiKey(
  ctx: Context,
  owner: Pick<Account, 'id'>,
  id: string,
): Promise<void> {
  const isTheirs = await ctx.store.transact((tx) =>
    revokeApiKey(tx, { account: owner.id, id, now: ctx.now() }),
  );
  if (!isTheirs) throw notFound('api key');
  forget(ctx.store);
}
