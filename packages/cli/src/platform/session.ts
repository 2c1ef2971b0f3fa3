import { createClient, RemoteError, type Client } from '@bytenite/client';
import { CliError } from '../errors.ts';
import { credentialsFile, writeCredentials, type Credentials } from './credentials.ts';
import { findPlatform, type GlobalOptions, type Platform } from './find-platform.ts';

/** A token is renewed this long before it ends, so that it does not end on the way. */
const RENEW_BEFORE_MS = 60_000;

/** A client of the platform that the options and the machine name. */
export async function openSession(
  options: GlobalOptions,
  { fetch }: { fetch?: typeof globalThis.fetch } = {},
): Promise<Client> {
  const platform = await findPlatform(options);
  const { baseUrl, login } = platform;
  if (login === undefined) throw notSignedIn(platform);
  const base = { baseUrl, ...(fetch !== undefined && { fetch }) };
  if ('apiKey' in login) return createClient({ ...base, apiKey: login.apiKey });
  let { credentials } = login;
  const token = async (renew: boolean) => {
    if (renew || isEnding(credentials)) {
      credentials = await signIn(baseUrl, credentials.refreshToken);
    }
    return credentials.accessToken;
  };
  return createClient({ ...base, token });
}

/** Exchanges an API key for an access token and stores both. */
export async function signIn(apiUrl: string, apiKey: string): Promise<Credentials> {
  const client = createClient({ baseUrl: apiUrl });
  const { token, expiresIn } = await client
    .call('Auth_AccessToken', { body: { apiKey } })
    .catch((error: unknown) => {
      throw explainRefusal(error, apiUrl);
    });
  const expiresAt = new Date(Date.now() + Number(expiresIn) * 1000).toISOString();
  const credentials = { apiUrl, accessToken: token, refreshToken: apiKey, expiresAt };
  await writeCredentials(credentials);
  return credentials;
}

function explainRefusal(error: unknown, apiUrl: string): unknown {
  if (!(error instanceof RemoteError) || error.kind !== 'UNAUTHENTICATED') return error;
  return new CliError(`${apiUrl} does not accept the API key: ${error.message}`, {
    fix: ['sign in with a valid key: bytenite auth --api-key KEY'],
  });
}

function isEnding(credentials: Credentials): boolean {
  // A time that cannot be read counts as past.
  return !(Date.parse(credentials.expiresAt) - RENEW_BEFORE_MS > Date.now());
}

function notSignedIn({ baseUrl, origin }: Platform): CliError {
  return new CliError(`no API key for ${baseUrl} (from ${origin})`, {
    why: [`${credentialsFile()} has none for this address`],
    fix: [`sign in: bytenite auth --url ${baseUrl} --api-key KEY`, 'or set BYTENITE_API_KEY'],
  });
}
