/** Further accounts of a test's platform, each seen as a platform of its own. */
import type { Platform } from './platform.ts';

/** Lets a platform have several accounts although its runner is of the process tier. */
export const SHARED = { serverArgs: ['--allow-shared-process-tier'] };

/** Creates a user with a key; what it calls, it calls as that user. */
export async function createAccount(
  platform: Platform,
  userName: string,
  role = 'ROLE_USER',
): Promise<Platform> {
  const users = '/v1/auth/admin/users';
  const { user } = await platform.call<{ user: { id: string } }>('POST', users, { userName, role });
  const { token } = await platform.call<{ token: string }>('POST', `${users}/${user.id}/api_keys`, {
    name: 'test',
  });
  return { ...platform, apiKey: token, call: callAs(platform, token) };
}

function callAs(platform: Platform, apiKey: string): Platform['call'] {
  return async <T>(method: string, route: string, body?: unknown) => {
    const response = await fetch(platform.url + route, {
      method,
      headers: { authorization: apiKey },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
}
