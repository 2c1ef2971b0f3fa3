import { createCaller } from './create-caller.ts';
import { createTransport, type TransportOptions } from './transport.ts';

/** A token is renewed this long before it ends, so that it does not end on the way. */
const RENEW_BEFORE_MS = 60_000;

/**
 * Exchanges an API key for access tokens, as the `token` of a client: asked for at the first call, kept, and
 * renewed before it ends or when the platform refuses it. For platforms that take no keys in place of tokens.
 */
export function accessToken(
  apiKey: string,
  options: Omit<TransportOptions, 'token' | 'apiKey'>,
): (renew: boolean) => Promise<string> {
  const caller = createCaller(createTransport(options));
  let known: { token: string; endsAt: number } | undefined;
  let exchange: Promise<string> | undefined;

  async function renewed(): Promise<string> {
    const { token, expiresIn } = await caller.call('Auth_AccessToken', { body: { apiKey } });
    known = { token, endsAt: Date.now() + Number(expiresIn) * 1000 };
    return token;
  }

  return async (renew) => {
    const isGood = known !== undefined && known.endsAt - RENEW_BEFORE_MS > Date.now();
    if (known !== undefined && isGood && !renew) return known.token;
    // Calls that need a new one at the same time share it.
    exchange ??= renewed().finally(() => (exchange = undefined));
    return exchange;
  };
}
