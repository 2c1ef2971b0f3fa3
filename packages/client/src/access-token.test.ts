import { expect, it } from 'vitest';
import { accessToken } from './access-token.ts';
import { createClient } from './client.ts';
import { errorBody, json, serve } from './testing/serve.ts';

const OK = { ok: true, requestId: 'req-1', message: '', error: null };

/** Gives out t1, t2, ... and accepts those that `accepts` says. */
async function servePlatform(expiresIn: string, accepts: (token: string) => boolean) {
  let given = 0;
  const server = await serve(({ url, headers }, response) => {
    if (url?.endsWith('/access_token')) {
      given += 1;
      return json(response, { token: `t${given}`, expiresIn, scope: 'openid' });
    }
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    if (accepts(token)) json(response, OK);
    else json(response, errorBody(16, 'invalid token'), 401);
  });
  const token = accessToken('key', { baseUrl: server.url });
  const client = createClient({ baseUrl: server.url, token });
  const exchanges = () => server.requests.filter((line) => line.endsWith('/access_token')).length;
  return { signOut: () => client.call('Auth_SignOut'), exchanges };
}

it('one token serves until it ends', async () => {
  const { signOut, exchanges } = await servePlatform('3600', () => true);
  await Promise.all([signOut(), signOut()]);
  await signOut();
  expect(exchanges()).toBe(1);
});

it('a token is renewed before it ends', async () => {
  const { signOut, exchanges } = await servePlatform('30', () => true);
  await signOut();
  await signOut();
  expect(exchanges()).toBe(2);
});

it('a token that the platform ended is replaced within the call', async () => {
  const { signOut, exchanges } = await servePlatform('3600', (token) => token !== 't1');
  await expect(signOut()).resolves.toMatchObject({ ok: true });
  expect(exchanges()).toBe(2);
});

it('a key that is refused says so', async () => {
  const server = await serve((_, response) =>
    json(response, errorBody(16, 'invalid api key'), 401),
  );
  const token = accessToken('key', { baseUrl: server.url });
  const call = createClient({ baseUrl: server.url, token }).call('Auth_SignOut');
  await expect(call).rejects.toThrow('invalid api key');
});
