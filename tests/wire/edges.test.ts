/** What reaches no operation still has the contract's form; and what replies show at every address. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';
import { checkErrorBody, checkHeaders, probe } from './probe.ts';

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ runner: false });
});

afterAll(() => platform.close());

const withKey = () => ({ authorization: platform.apiKey });

test.each(['/', '/v1', '/v1/nothing', '/v1/customer', '/v1/customer/nothing/here', '/jobs'])(
  'an unknown route is 404: %s',
  async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await probe({ method, url: platform.url + path });
      expect(answer).toMatchObject({ status: 404, body: { code: 5 } });
    }
  },
);

test('a path that is no valid encoding is answered, never with 500', async () => {
  const answer = await probe({
    method: 'GET',
    url: `${platform.url}/v1/customer/jobs/%ff%zz`,
    headers: withKey(),
  });
  expect([400, 404]).toContain(answer.status);
});

test.each([
  ['filter', 'GET'],
  ['runningTasks', 'PATCH'],
  ['runningTasks', 'DELETE'],
  ['templates', 'DELETE'],
])('a fixed path word is no job id: %s', async (word, method) => {
  const url = `${platform.url}/v1/customer/jobs/${word}`;
  expect((await probe({ method, url, headers: withKey() })).status).toBe(405);
});

test.each([
  'last',
  'filter',
  'runningTasks',
  'templates',
  'datasource',
  'params',
  'run',
  'abort',
  'uploadcompleted',
])(
  'a fixed path word, or what commands take for the newest job, cannot be chosen as a job id: %s',
  async (jobId) => {
    const answer = await probe({
      method: 'POST',
      url: `${platform.url}/v1/customer/jobs`,
      headers: withKey(),
      body: JSON.stringify({ app: 'some-app', jobId }),
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 3 } });
  },
);

test('an over-long body is refused, with and without its length told', async () => {
  const body = JSON.stringify({ app: 'some-app', description: 'x'.repeat(11 * 1024 * 1024) });
  const url = `${platform.url}/v1/customer/jobs`;
  const told = await probe({ method: 'POST', url, headers: withKey(), body });
  expect(told).toMatchObject({ status: 400, body: { code: 3 } });
  const untold = await fetch(url, {
    method: 'POST',
    headers: withKey(),
    body: new Blob([body]).stream(),
    duplex: 'half',
  });
  expect(untold.status).toBe(400);
  checkErrorBody(400, await untold.json(), 'chunked');
});

test('whoever still sends when the refusal is clear can read it, and call again', async () => {
  const body = 'x'.repeat(30 * 1024 * 1024);
  const sent = { method: 'POST', body, url: `${platform.url}/v1/dev/apps` };
  for (let i = 0; i < 5; i++) expect((await probe(sent)).status).toBe(401);
  expect((await probe({ method: 'GET', url: `${platform.url}/v1/auth/info` })).status).toBe(200);
});

test.each([
  ['URL', (n: string) => `GET /v1/customer/jobs?orderBy=${n} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ['header', (n: string) => `GET /v1/customer/info HTTP/1.1\r\nHost: x\r\nX-Long: ${n}\r\n\r\n`],
])('an over-long %s has the contract’s body', async (_, request) => {
  const { status, headers, body } = await raw(request('x'.repeat(300_000)));
  expect(status).toBe(400);
  checkHeaders(headers, 'over-long');
  checkErrorBody(400, body, 'over-long');
  expect(body).toMatchObject({ code: 3 });
});

test.each([
  ['no HTTP at all', 'nonsense\r\n\r\n'],
  ['a Host that is none', 'GET /v1/customer/info HTTP/1.1\r\nHost: a b/c\r\n\r\n'],
  ['a bad length', 'POST /v1/auth/access_token HTTP/1.1\r\nHost: x\r\nContent-Length: z\r\n\r\n'],
])('%s has the contract’s body', async (_, request) => {
  const { status, headers, body } = await raw(request);
  expect(status).toBe(400);
  checkHeaders(headers, request);
  checkErrorBody(400, body, request);
});

test('a preflight needs no token and allows what clients send', async () => {
  for (const path of ['/v1/customer/jobs', '/v1/dev/apps', '/v1/files/anything', '/nothing']) {
    const response = await fetch(platform.url + path, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://console.example.org',
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization,idempotency-key',
      },
    });
    expect(response.status).toBe(200);
    checkHeaders(response.headers, path);
    expect(await response.text()).toBe('');
  }
});

test.each([
  ['the documented form', (key: string) => ({ authorization: key })],
  ['Bearer', (key: string) => ({ authorization: `Bearer ${key}` })],
  ['bearer in any case', (key: string) => ({ authorization: `bEARER  ${key}` })],
  ['X-API-KEY', (key: string) => ({ 'x-api-key': key })],
])('a key and a token are taken in %s', async (_, headersOf) => {
  const { token } = await platform.call<{ token: string }>('POST', '/v1/auth/access_token', {
    apiKey: platform.apiKey,
  });
  const url = `${platform.url}/v1/auth/user`;
  for (const credential of [platform.apiKey, token]) {
    expect((await probe({ method: 'GET', url, headers: headersOf(credential) })).status).toBe(200);
  }
});

test('tokens are not taken from the query', async () => {
  for (const name of ['token', 'access_token', 'apiKey', 'authorization']) {
    const url = `${platform.url}/v1/auth/user?${name}=${platform.apiKey}`;
    expect((await probe({ method: 'GET', url })).status).toBe(401);
  }
});

test('a token ends with sign-out; the key that gave it does not', async () => {
  const grant = { apiKey: platform.apiKey };
  const reply = await platform.call('POST', '/v1/auth/access_token', grant);
  expect(reply).toEqual({ token: expect.any(String), expiresIn: '3600', scope: 'openid' });
  const headers = { authorization: reply['token'] as string };
  const url = `${platform.url}/v1/auth/user`;
  expect((await probe({ method: 'GET', url, headers })).status).toBe(200);
  await probe({ method: 'POST', url: `${platform.url}/v1/auth/signout`, headers });
  const after = await probe({ method: 'GET', url, headers });
  expect(after).toMatchObject({ status: 401, body: { message: 'invalid token' } });
  expect((await probe({ method: 'GET', url, headers: withKey() })).status).toBe(200);
});

test('a key that is none is refused as such', async () => {
  const url = `${platform.url}/v1/auth/access_token`;
  for (const apiKey of ['', 'wrong', 'x'.repeat(10_000)]) {
    const answer = await probe({ method: 'POST', url, body: JSON.stringify({ apiKey }) });
    expect(answer).toMatchObject({ status: 401, body: { code: 16, message: 'invalid api key' } });
  }
});

test.each(['auth', 'computing', 'customer', 'dev', 'wallet'])(
  '%s has its version, its document and its pages open',
  async (service) => {
    const info = await probe({ method: 'GET', url: `${platform.url}/v1/${service}/info` });
    const version = { major: 0, minor: 1, tag: expect.any(String) };
    expect(info.body).toEqual(service === 'auth' ? { version } : { version, messages: [] });
    const url = `${platform.url}/v1/${service}/docs/swagger.json`;
    const { body } = await probe({ method: 'GET', url });
    expect(body?.['openapi']).toMatch(/^3\.1/);
    const pages = await fetch(`${platform.url}/v1/${service}/docs/`);
    expect(pages.status).toBe(200);
    expect(pages.headers.get('content-type')).toContain('text/html');
    await pages.body?.cancel();
  },
);

/** Sends bytes that a client library would not. */
function raw(request: string): Promise<{ status: number; headers: Headers; body: unknown }> {
  const { hostname, port } = new URL(platform.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(request));
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('error', (error) => (parts.length > 0 ? undefined : reject(error)));
    socket.on('close', () => {
      const [head = '', text = ''] = Buffer.concat(parts).toString().split('\r\n\r\n');
      const [first = '', ...lines] = head.split('\r\n');
      const pairs = lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]);
      resolve({
        status: Number(first.split(' ')[1]),
        headers: new Headers(pairs),
        body: JSON.parse(text) as unknown,
      });
    });
  });
}
