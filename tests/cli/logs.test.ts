/** What a platform logs: every request with its id, readable, and nothing that opens anything. */
import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeHome, startUp, waitFor, type Home, type Up } from './cli.ts';

const SECRET_KEY = 'a-key-that-nobody-may-read-0123456789';
const REGISTRY_TOKEN = 'registry-token-nobody-may-read';

let home: Home;
let up: Up;
let apiKey: string;

beforeAll(async () => {
  home = await makeHome();
  up = await startUp(home, ['--log-level', 'debug', '--verbose', '--log-format', 'pretty']);
  apiKey = (await readFile(path.join(home.dir, '.bytenite/api-key'), 'utf8')).trim();
});

afterAll(async () => {
  await up?.stop();
  await home.remove();
});

interface Entry {
  [field: string]: unknown;
  requestId?: string;
}

async function entries(name: string): Promise<Entry[]> {
  const log = await readFile(path.join(home.dir, `.bytenite/logs/${name}.log`), 'utf8');
  const lines = log.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Entry);
}

async function entryOf(requestId: string): Promise<Entry> {
  let found: Entry | undefined;
  await waitFor(`a line of request ${requestId}`, async () => {
    found = (await entries('server')).find((entry) => entry.requestId === requestId);
    return found !== undefined;
  });
  return found ?? {};
}

async function refused(method: string, route: string, key = apiKey): Promise<string> {
  const response = await fetch(up.url + route, { method, headers: { authorization: key } });
  const { requestId } = (await response.json()) as { requestId: string };
  expect(response.headers.get('x-request-id')).toBe(requestId);
  return requestId;
}

it('the id of a refused request leads to its line', async () => {
  const missing = await entryOf(await refused('GET', '/v1/customer/jobs/none?limit=1'));
  expect(missing).toMatchObject({
    level: 20,
    msg: 'request',
    method: 'GET',
    route: 'Customer_GetJob',
    path: '/v1/customer/jobs/none',
    status: 404,
  });
  expect(missing['ms']).toBeGreaterThan(0);
  expect(missing['account']).toMatch(/^[0-9a-f-]{36}$/);
  const stranger = await entryOf(await refused('GET', '/v1/customer/jobs', 'wrong'));
  expect(stranger).toMatchObject({ status: 401 });
  expect(stranger).not.toHaveProperty('account');
  expect(await entryOf(await refused('GET', '/nothing'))).toMatchObject({ status: 404 });
});

it('so does the id of one that was no HTTP', async () => {
  const socket = createConnection(Number(new URL(up.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write('no http at all\r\n\r\n');
  const reply = await text(socket);
  const requestId = /x-request-id: (\S+)/.exec(reply)?.[1] ?? '';
  expect(await entryOf(requestId)).toMatchObject({ status: 400, msg: 'request not understood' });
});

it('nothing that opens anything is logged, at any level', async () => {
  const key = ['--type', 'aws', '--access-key', 'AKIAEXAMPLE', '--secret-key-file', '-'];
  await home.ok(['secret', 'create', 'mine', ...key], { input: `${SECRET_KEY}\n` });
  await home.ok(['app', 'new', 'logged', '--lang', 'sh']);
  await home.ok(['app', 'push', 'logged']);
  await home.ok(['app', 'activate', 'logged']);
  await home.ok(['job', 'run', '--app', 'logged']);
  const token = await fetch(`${up.url}/v1/auth/access_token`, {
    method: 'POST',
    body: JSON.stringify({ apiKey }),
  });
  const { token: accessToken } = (await token.json()) as { token: string };
  const last = await refused('GET', `/v1/customer/jobs/gone?sig=${REGISTRY_TOKEN}`, accessToken);
  await entryOf(last);
  const secrets = await Promise.all(
    ['api-key', 'runner-token', 'master-key'].map(async (name) =>
      (await readFile(path.join(home.dir, '.bytenite', name), 'utf8')).trim(),
    ),
  );
  const logs = await Promise.all(
    ['server', 'runner', 'up'].map((name) =>
      readFile(path.join(home.dir, `.bytenite/logs/${name}.log`), 'utf8'),
    ),
  );
  const all = [...logs, up.output()].join('\n').replaceAll(/.*shown this once.*/g, '');
  expect(all).toContain('Auth_CreateSecret');
  for (const secret of [...secrets, accessToken, SECRET_KEY, REGISTRY_TOKEN]) {
    expect(secret.length).toBeGreaterThan(15);
    expect(all).not.toContain(secret);
  }
});

it('the supervisor logs too, and what it prints is for people', async () => {
  expect(await entries('up')).toMatchObject([
    { msg: 'started', child: 'server' },
    { msg: 'started', child: 'runner' },
    { msg: 'ready' },
    { msg: 'ready' },
  ]);
  expect(up.output()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}server server is ready port=\d+/m);
});
