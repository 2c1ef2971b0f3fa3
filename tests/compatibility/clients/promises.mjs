/** One caller of the API with fetch, as strict about replies as a typed client. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const { BYTENITE_URL, BYTENITE_API_KEY, COMPONENTS } = process.env;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;

export async function send(method, route, { body, token = '' } = {}) {
  const response = await fetch(`${BYTENITE_URL}/v1${route}`, {
    method,
    headers: { authorization: token, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  assert.equal(response.headers.get('content-type'), 'application/json');
  return { status: response.status, body: await response.json() };
}

export async function call(method, route, options) {
  const reply = await send(method, route, options);
  assert.equal(reply.status, 200, `${method} ${route}: ${JSON.stringify(reply)}`);
  return reply.body;
}

export async function getToken() {
  const reply = await call('POST', '/auth/access_token', { body: { apiKey: BYTENITE_API_KEY } });
  assert.equal(reply.expiresIn, '3600');
  return reply.token;
}

export function checkGeneric(reply) {
  assert.equal(reply.ok, true);
  assert.equal(reply.error, null);
  assert.equal(typeof reply.requestId, 'string');
  assert.equal(typeof reply.message, 'string');
}

export function checkError({ status, body }, code) {
  assert.equal(body.code, code);
  assert.equal(body.ok, false);
  assert.equal(body.error.code, status);
  assert.equal(body.error.description, body.message);
  assert.ok(Array.isArray(body.details) && body.message !== '' && body.requestId !== '');
}

export function checkJob(job) {
  const texts = [
    'id',
    'templateId',
    'name',
    'state',
    'numUnitsEstimation',
    'errorMessage',
    'appId',
  ];
  for (const name of texts) assert.equal(typeof job[name], 'string', name);
  for (const name of ['duration', 'paymentAmount', 'numChunks', 'failedChunks'])
    assert.equal(typeof job[name], 'number', name);
  assert.match(job.createdAt, TIME);
  for (const name of ['submittedAt', 'startedAt', 'endedAt'])
    if (job[name] !== null) assert.match(job[name], TIME, name);
  for (const name of ['startAt', 'deletedAt', 'regions']) assert.equal(job[name], null, name);
  assert.deepEqual(Object.keys(job.params).sort(), ['app', 'assembler', 'partitioner', 'preset']);
  assert.equal(typeof job.config.taskTimeout, 'number');
  return job;
}

/** Pushes a folder as a Mac packs it: with resource forks beside the files. */
export async function push(kind, name, token) {
  const folder = mkdtempSync(path.join(process.cwd(), 'push-'));
  cpSync(path.join(COMPONENTS, name), path.join(folder, name), { recursive: true });
  mkdirSync(path.join(folder, '__MACOSX', name), { recursive: true });
  for (const junk of [
    `__MACOSX/${name}/._manifest.json`,
    `${name}/._manifest.json`,
    `${name}/app/._main.py`,
  ])
    writeFileSync(path.join(folder, junk), 'Mac OS X');
  const tar = execFileSync('tar', ['-C', folder, '-czf', '-', '__MACOSX', name]);
  const pushed = await call('POST', `/dev/${kind}`, {
    token,
    body: { data: tar.toString('base64') },
  });
  assert.equal(String(pushed.revision), '1');
  assert.equal(typeof pushed.revision, kind === 'apps' ? 'string' : 'number');
  await call('POST', `/dev/${kind}/${encodeURIComponent(`${name}@${pushed.version}`)}/activate`, {
    token,
  });
  return pushed;
}

export async function download(link) {
  const response = await fetch(link, { signal: AbortSignal.timeout(30_000) });
  assert.equal(response.status, 200);
  return response.text();
}
