/**
 * Writes tests/fixtures/data-dir-<version>-<migration>.tar.gz: a data directory as this version leaves it, with an ended
 * job, a draft, a job that is half done, secrets, and users. Later versions must open it (see
 * tests/cli/data-dir.test.ts). Run it before a release, after a build; older ones are kept.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pack } from 'tar-stream';
import { root } from './lib/run.js';

const CLI = path.join(root, 'packages/cli/bin/bytenite.js');
const LIMIT_MS = 60_000;
/** Until then the half-done job is held up; in a test it is long past. */
const HOLD_SECONDS = 60;

const ECHO = `import os
open(os.path.join(os.environ["TASK_RESULTS_DIR"], "out.txt"), "w").write(os.environ["keeper_SECRET_KEY"].upper())
`;
const SPLIT = `import os
for i in range(3):
    open(os.path.join(os.environ["CHUNKS_DIR"], "data_%d.bin" % i), "w").write(str(i))
`;
const HELD = `import json, os, time
chunk = open(os.path.join(os.environ["TASK_DIR"], "data.bin")).read()
while chunk != "0" and time.time() < json.loads(os.environ["APP_PARAMS"])["until"]:
    time.sleep(0.1)
open(os.path.join(os.environ["TASK_RESULTS_DIR"], chunk + ".txt"), "w").write(chunk)
`;

const dir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-data-'));
const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
const migrations = await readdir(path.join(root, 'packages/server/src/store/migrations'));
const [schema] = migrations.toSorted().at(-1)?.split('-') ?? [];
const target = path.join(root, 'tests/fixtures', `data-dir-${version}-${schema}.tar.gz`);
const args = [CLI, 'up', '--data-dir', path.join(dir, 'data'), '--port', '0'];
const up = spawn(process.execPath, [...args, '--allow-shared-process-tier'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, HOME: dir, NO_COLOR: '1' },
});
try {
  const url = await readyUrl();
  await fill(url, (await readFile(path.join(dir, 'data/api-key'), 'utf8')).trim());
} finally {
  up.kill('SIGTERM');
  await new Promise((resolve) => up.once('close', resolve));
}
const left = ['logs', 'backup', 'runner', 'up.lock', 'run.json'].map(
  (name) => `--exclude=data/${name}`,
);
execFileSync('tar', ['-C', dir, ...left, '--owner=0', '--group=0', '-czf', target, 'data']);
await rm(dir, { recursive: true, force: true });
process.stdout.write(`${target}\n`);

async function readyUrl() {
  let output = '';
  up.stdout.on('data', (part) => (output += part));
  await until(() => output.includes('Ctrl-C stops it'));
  return /running at (\S+)/.exec(output)?.[1] ?? '';
}

/** @param {() => unknown} look */
async function until(look) {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error('it takes too long');
    await sleep(50);
  }
}

/**
 * @param {string} url
 * @param {string} apiKey
 */
async function fill(url, apiKey) {
  /**
   * @param {string} method
   * @param {string} route
   * @param {object} [body]
   */
  const call = async (method, route, body) => {
    const response = await fetch(url + route, {
      method,
      headers: { authorization: apiKey },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  /**
   * @param {string} name
   * @param {string} type
   * @param {string} main
   * @param {string[]} secrets
   */
  const push = async (name, type, main, secrets = []) => {
    const kind = type === 'app' ? 'apps' : 'engines';
    const platform = { container: 'python:3.12-slim', secrets };
    const needs = { min_cpu: 1, min_memory: 0.25 };
    const manifest = {
      name,
      version: '1.0',
      type,
      entrypoint: 'main.py',
      platform_config: platform,
      device_requirements: needs,
    };
    const archive = pack();
    archive.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
    archive.entry({ name: 'app/main.py' }, main);
    archive.finalize();
    /** @type {Buffer[]} */
    const parts = [];
    for await (const part of archive) parts.push(/** @type {Buffer} */ (part));
    const data = Buffer.concat(parts).toString('base64');
    await call('POST', `/v1/dev/${kind}`, kind === 'apps' ? { data } : { engineData: data });
    await call('POST', `/v1/dev/${kind}/${name}/activate`, {});
  };
  const jobs = '/v1/customer/jobs';
  const ends = {
    dataSource: { dataSourceDescriptor: 'bypass' },
    dataDestination: { dataSourceDescriptor: 'bucket' },
  };
  const secret = { id: 'keeper', secretType: 'other', name: 'A secret' };
  await call('POST', '/v1/auth/secrets', { secret, secretKey: 'kept' });
  await call('POST', '/v1/auth/admin/users', { userName: 'ada', role: 'ROLE_USER' });
  await call('POST', '/v1/auth/admin/users', { userName: 'grace', role: 'ROLE_ADMIN' });
  await push('echo', 'app', ECHO, ['keeper']);
  await push('split', 'partitioner', SPLIT);
  await push('held', 'app', HELD);
  await call('POST', '/v1/dev/templates', { id: 'kept', app: 'echo' });
  await call('POST', jobs, { jobId: 'ended', templateId: 'kept', ...ends });
  await call('POST', `${jobs}/ended/run`, {});
  await until(async () => (await call('GET', `${jobs}/ended`)).job.state === 'JOB_STATE_COMPLETE');
  await call('POST', jobs, { jobId: 'draft', app: 'echo', name: 'A draft', ...ends });
  const params = { app: { until: Math.floor(Date.now() / 1000) + HOLD_SECONDS } };
  await call('POST', jobs, { jobId: 'half', app: 'held', partitioner: 'split', params, ...ends });
  await call('POST', `${jobs}/half/run`, {});
  await until(async () => {
    const { job } = await call('GET', `${jobs}/half`);
    return job.taskCounts.TASK_STATE_COMPLETED === 1;
  });
}
