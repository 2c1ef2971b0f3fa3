/** The platform that commands would talk to, and the port that `up` would open. */
import { createClient } from '@bytenite/client';
import { findPlatform, type GlobalOptions, type Platform } from '../platform/find-platform.ts';
import { version } from '../platform/version.ts';
import { reservePort } from '../supervisor/port.ts';
import { CliError } from '../errors.ts';
import { formatBytes } from '../terminal/format.ts';
import { fail, ok, warn, type Check } from './check.ts';

/** What `up` opens unless told otherwise. */
const PORT = 4280;
const HOST = '127.0.0.1';
const TIMEOUT_MS = 10_000;
/** A clock that is this far off gives wrong times; tokens are renewed too late only much later. */
const CLOCK_MS = 5000;

export async function checkPlatform(options: GlobalOptions): Promise<Check[]> {
  let platform: Platform;
  try {
    platform = await findPlatform(options);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const none = warn('platform', error.message, error.fix.join(', '));
    return [none, await checkPort()];
  }
  return checkRunning(platform);
}

async function checkPort(): Promise<Check> {
  try {
    await reservePort(HOST, PORT);
    return ok('port', `${PORT} of ${HOST} is free`);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return warn('port', error.message, error.fix.join(', '));
  }
}

async function checkRunning({ baseUrl, origin, login }: Platform): Promise<Check[]> {
  let skewMs = 0;
  const timed: typeof fetch = async (...request) => {
    const sentAt = Date.now();
    const response = await fetch(...request);
    skewMs = skewOf(response.headers.get('date'), sentAt, Date.now());
    return response;
  };
  const client = createClient({ baseUrl, fetch: timed, timeoutMs: TIMEOUT_MS });
  try {
    const { version: theirs } = await client.call('Customer_Info');
    return [
      checkVersion(baseUrl, theirs.tag),
      checkSkew(skewMs),
      ...(await checkRoom(baseUrl)),
      await checkLogin(baseUrl, login),
    ];
  } catch (error) {
    const message = `${(error as Error).message} (the address is from ${origin})`;
    return [fail('platform', message, 'start it: bytenite up, or name another: --url URL')];
  }
}

function checkVersion(baseUrl: string, tag: string): Check {
  if (tag === version()) return ok('platform', `${baseUrl}, version ${tag}`);
  const message = `${baseUrl} has version ${tag}, this command has ${version()}`;
  return warn('platform', message, 'update the older of the two');
}

/** How far the server's clock is ahead of ours, as far as it can be told: HTTP dates have whole seconds. */
export function skewOf(date: string | null, sentAt: number, receivedAt: number): number {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return 0;
  if (theirs > receivedAt) return theirs - receivedAt;
  return Math.min(0, theirs + 1000 - sentAt);
}

/** What the platform says of its disk; nothing where it has room, or does not say. */
async function checkRoom(baseUrl: string): Promise<Check[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const reply = await fetch(`${baseUrl}/readyz`, { signal }).catch(() => undefined);
  const body = (await reply?.json().catch(() => undefined)) as
    | { disk?: { low?: boolean; freeBytes?: number; limitBytes?: number } }
    | undefined;
  if (body?.disk?.low !== true) return [];
  const { freeBytes = 0, limitBytes = 0 } = body.disk;
  const message = `almost full, so no new work is taken: ${formatBytes(freeBytes)} free, ${formatBytes(limitBytes)} needed`;
  return [fail('platform disk', message, 'make room, or delete jobs that are not needed')];
}

function checkSkew(skewMs: number): Check {
  if (Math.abs(skewMs) < CLOCK_MS) return ok('platform clock', 'agrees with this machine');
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const message = `the platform's clock is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
  return warn('platform clock', message, 'let both machines set theirs by NTP');
}

async function checkLogin(baseUrl: string, login: Platform['login']): Promise<Check> {
  const signIn = `sign in: bytenite auth --url ${baseUrl} --api-key KEY`;
  if (login === undefined) return warn('login', `no API key for ${baseUrl}`, signIn);
  const apiKey = 'apiKey' in login ? login.apiKey : login.credentials.refreshToken;
  try {
    const { user } = await createClient({ baseUrl, apiKey, timeoutMs: TIMEOUT_MS }).call(
      'Auth_GetUser',
    );
    return ok('login', `as ${user.userName || user.email || user.id}`);
  } catch (error) {
    return fail('login', (error as Error).message, signIn);
  }
}
