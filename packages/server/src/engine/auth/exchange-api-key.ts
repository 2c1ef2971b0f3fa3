import { ApiError } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findKeyHolder, insertToken, updateAccount } from '../../store/accounts.ts';
import { hashOf, newSecret, TOKEN_SECONDS } from './tokens.ts';

export interface IssuedToken {
  token: string;
  expiresInSeconds: number;
}

/** Gives out an access token for an API key. */
export async function exchangeApiKey(ctx: Context, apiKey: string): Promise<IssuedToken> {
  const now = ctx.now();
  const key = apiKey.trim();
  const holder = key === '' ? undefined : await findKeyHolder(ctx.store.db, hashOf(key), now);
  if (holder === undefined) throw new ApiError('UNAUTHENTICATED', 'invalid api key');
  const token = newSecret();
  const { account, keyId } = holder;
  await ctx.store.transact(async (tx) => {
    await insertToken(tx, {
      hash: hashOf(token),
      account: account.id,
      api_key: keyId,
      expires_at: now + TOKEN_SECONDS * 1000,
    });
    await updateAccount(tx, account.id, { last_login_at: now });
  });
  return { token, expiresInSeconds: TOKEN_SECONDS };
}
