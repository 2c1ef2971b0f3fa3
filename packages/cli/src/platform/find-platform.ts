/** Which platform a command talks to, and as whom: flags, then environment, then `auth`, then a local `up`. */
import { CliError } from '../errors.ts';
import { credentialsFile, readCredentials, type Credentials } from './credentials.ts';
import { findLocalPlatform, readLocalApiKey, type LocalPlatform } from './local-platform.ts';

/** The options that every command takes. */
export interface GlobalOptions {
  url?: string;
  apiKey?: string;
  dataDir?: string;
}

export interface Platform {
  baseUrl: string;
  /** Where the address was found, in words. */
  origin: string;
  /** Undefined when nothing is known that this platform would accept. */
  login: { apiKey: string } | { credentials: Credentials } | undefined;
}

export async function findPlatform(options: GlobalOptions): Promise<Platform> {
  const credentials = await readCredentials();
  const local = await findLocalPlatform(options.dataDir ?? variable('BYTENITE_DATA_DIR'));
  const { url, origin } = findUrl(options, credentials, local);
  const baseUrl = parseUrl(url, origin);
  return { baseUrl, origin, login: await findLogin(baseUrl, options, credentials, local) };
}

function findUrl(
  options: GlobalOptions,
  credentials: Credentials | undefined,
  local: LocalPlatform | undefined,
): { url: string; origin: string } {
  if (options.url !== undefined) return { url: options.url, origin: '--url' };
  const fromEnvironment = variable('BYTENITE_API_URL');
  if (fromEnvironment !== undefined) return { url: fromEnvironment, origin: 'BYTENITE_API_URL' };
  // --data-dir names a platform of this machine as clearly as --url does.
  const isNamed = options.dataDir !== undefined || variable('BYTENITE_DATA_DIR') !== undefined;
  if (credentials !== undefined && !isNamed) {
    return { url: credentials.apiUrl, origin: credentialsFile() };
  }
  if (local !== undefined) return { url: local.url, origin: `the data directory ${local.dataDir}` };
  throw new CliError('no platform to talk to', {
    why: ['none runs on this machine, and none was named'],
    fix: [
      'start one here: bytenite up',
      'or sign in to one elsewhere: bytenite auth --url URL --api-key KEY',
    ],
  });
}

async function findLogin(
  baseUrl: string,
  options: GlobalOptions,
  credentials: Credentials | undefined,
  local: LocalPlatform | undefined,
): Promise<Platform['login']> {
  const given = options.apiKey ?? variable('BYTENITE_API_KEY');
  if (given !== undefined) return { apiKey: given.trim() };
  if (local !== undefined && isSameUrl(local.url, baseUrl)) {
    const apiKey = await readLocalApiKey(local);
    if (apiKey !== undefined) return { apiKey };
  }
  // A token is never sent to another address than the one it is from.
  const isTheirs = credentials !== undefined && isSameUrl(credentials.apiUrl, baseUrl);
  return isTheirs ? { credentials } : undefined;
}

/** Refuses what is no address; returns it without a slash at the end. */
export function parseUrl(text: string, origin: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') {
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  }
  throw new CliError(`${JSON.stringify(text)} (from ${origin}) is not an address`, {
    fix: ['give it like http://127.0.0.1:4280 or https://bytenite.example.org'],
  });
}

function isSameUrl(a: string, b: string): boolean {
  const normal = (url: string) => url.replace(/\/+$/, '').replace('//localhost', '//127.0.0.1');
  return normal(a) === normal(b);
}

/** An environment variable; set but empty counts as unset. */
function variable(name: string): string | undefined {
  return process.env[name] || undefined;
}
