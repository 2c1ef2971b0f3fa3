import type { Context as HonoContext } from 'hono';
import type { ServerConfig } from '../config/config.ts';
import type { AppEnv } from './env.ts';

/** Where the caller reached this server: what absolute links begin with. */
export function originOf(
  c: HonoContext<AppEnv>,
  config: Pick<ServerConfig, 'publicUrl' | 'trustProxy'>,
): string {
  if (config.publicUrl !== null) return config.publicUrl;
  const { protocol, host } = new URL(c.req.url);
  if (!config.trustProxy) return `${protocol}//${host}`;
  const forwardedProtocol = firstOf(c.req.header('x-forwarded-proto'));
  const forwardedHost = firstOf(c.req.header('x-forwarded-host'));
  const origin = `${forwardedProtocol ?? protocol.slice(0, -1)}://${forwardedHost ?? host}`;
  return URL.canParse(origin) ? new URL(origin).origin : `${protocol}//${host}`;
}

/** Of a chain of proxies the first one names what the caller used. */
function firstOf(list: string | undefined): string | undefined {
  const first = list?.split(',')[0]?.trim() ?? '';
  return first === '' ? undefined : first;
}
