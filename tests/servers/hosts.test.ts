/**
 * A platform of several machines: two servers on one PostgreSQL database, three runners in networks of their own,
 * which see nothing of the servers but their addresses, not even their folder.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile, chmod } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type Postgres } from '../../scripts/lib/postgres.js';
import { canOrSay } from '../support/can-or-say.ts';
import { putIntoCache } from '../support/cache.ts';
import { pushComponent } from '../support/components.ts';
import { callerOf, until, waitForJob, type Platform } from '../support/platform.ts';
import { CLI } from '../cli/cli.ts';
import { buildNetworks, type Networks } from './networks.ts';
import { problemsIn } from './servers.ts';

const BIN = process.env['BYTENITE_TEST_POSTGRES_BIN'];
const canRun = canOrSay('a platform of several machines', {
  root: process.getuid?.() === 0,
  PostgreSQL: BIN !== undefined,
  'what builds networks': process.env['BYTENITE_TEST_NETWORK_TOOLS'] !== undefined,
});

const CHUNKS = 24;
/** Every fourth chunk, and its result, is too large to travel inside a message. */
const BIG = 300_000;
const contentOf = (chunk: number) => (chunk % 4 === 0 ? `${chunk};`.repeat(BIG) : `chunk ${chunk}`);

const PARTITIONER = `import os
for i in range(${CHUNKS}):
    text = f"{i};" * ${BIG} if i % 4 == 0 else f"chunk {i}"
    open(f"{os.environ['CHUNKS_DIR']}/data_{i}.bin", "w").write(text)
`;
/** What a machine has of the caches came to it over the network. */
const APP = `import os, time
for kind in "SHARED", "USER":
    assert open(os.environ[kind + "_CACHE_DIR"] + "/models/tiny").read() == kind
text = open(os.environ["TASK_DIR"] + "/data.bin").read()
time.sleep(0.4)
open(os.environ["TASK_RESULTS_DIR"] + "/copy.txt", "w").write(text)
`;
const GPU_APP = `import os
open(os.environ["TASK_RESULTS_DIR"] + "/gpu.txt", "w").write(os.environ["CUDA_VISIBLE_DEVICES"])
`;
const RUNNERS = '/v1/auth/admin/runners';

interface RunnerInfo {
  id: string;
  state: string;
  reason: string;
  runningTasks: number;
}

let networks: Networks;
let postgres: Postgres;
let dir: string;
let databaseUrl: string;
const started: ChildProcess[] = [];
const output: string[] = [];

/** Starts a program of the command line in a network, and waits until it says that it is there. */
async function start(
  network: string,
  args: readonly string[],
  { said, hides, env = {} }: { said: RegExp; hides?: string; env?: Record<string, string> },
): Promise<ChildProcess> {
  // What a machine does not have lies under an empty folder: the mounts are the program's own.
  const hide = hides === undefined ? '' : 'mount -t tmpfs tmpfs "$1" && ';
  const [program = '', ...rest] = networks.at(network);
  const hiding = ['unshare', '-m', 'sh', '-c', `${hide}shift && exec "$@"`, 'sh', hides ?? ''];
  const words = [...hiding, process.execPath, CLI];
  const child = spawn(program, [...rest, ...words, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.unshift(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      output.push(`${network}: ${part}`);
    });
  }
  await until(60_000, `${network} to say ${said.source}`, async () => {
    if (child.exitCode !== null) throw new Error(`${network} ended: ${text}`);
    return said.test(text) ? text : null;
  });
  return child;
}

/** What callers outside see of the server on a port. */
function platformAt(port: number, apiKey: string): Platform {
  const url = `http://${networks.hub}:${port}`;
  return {
    url,
    call: callerOf(url, apiKey),
  } as Platform;
}

const PORTS = [4280, 4281] as const;

async function startServers(dataDir: string): Promise<[Platform, Platform]> {
  const env = { DATABASE_URL: databaseUrl, BYTENITE_LEASE_MS: '4000' };
  for (const port of PORTS) {
    const place = ['--data-dir', dataDir, '--host', networks.hub, '--port', String(port)];
    await start('hub', ['server', ...place, '--allow-shared-process-tier'], {
      said: /Ctrl-C stops it/,
      env,
    });
  }
  const apiKey = (await readFile(path.join(dataDir, 'api-key'), 'utf8')).trim();
  return [platformAt(PORTS[0], apiKey), platformAt(PORTS[1], apiKey)];
}

/** A machine with one runner. */
async function startRunner(
  host: string,
  server: Platform,
  { token, name, more = [] }: { token: string; name: string; more?: string[] },
): Promise<void> {
  await networks.addHost(host);
  const own = path.join(dir, host);
  await mkdir(own, { mode: 0o711 });
  const tokenFile = path.join(own, 'token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  const joins = ['--server', server.url, '--token-file', tokenFile, '--data-dir', `${own}/data`];
  const size = ['--name', name, '--cpus', '2', '--sandbox', 'process'];
  await start(host, ['runner', ...joins, ...size, ...more], {
    said: /works for/,
    hides: path.join(dir, 'servers'),
  });
}

beforeAll(async () => {
  if (!canRun) return;
  dir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-hosts-'));
  await chmod(dir, 0o711);
  await mkdir(path.join(dir, 'servers'), { mode: 0o700 });
  postgres = await startPostgres(BIN ?? '');
  databaseUrl = await reachableUrl(postgres.url);
  networks = await buildNetworks();
});

afterAll(async () => {
  if (!canRun) return;
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  await networks?.close();
  await postgres?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Networks of their own reach no port of this one, but the socket in the database's folder. */
async function reachableUrl(url: string): Promise<string> {
  const { Client } = await import('pg');
  const admin = new Client({ connectionString: url });
  await admin.connect();
  const { rows } = await admin.query<{ unix_socket_directories: string }>(
    'show unix_socket_directories',
  );
  await admin.query('create database hosts');
  await admin.end();
  const { username, password, port } = new URL(url);
  const place = encodeURIComponent(rows[0]?.unix_socket_directories ?? '');
  return `postgres://${username}:${password}@${place}:${port}/hosts`;
}

test.runIf(canRun)(
  'a job of big and small chunks comes out right though one runner dies and one is drained',
  { timeout: 180_000 },
  async () => {
    const dataDir = path.join(dir, 'servers', 'data');
    const [one, two] = await startServers(dataDir);
    const tokenOf = async (name: string) =>
      (await one.call<{ token: string }>('POST', '/v1/auth/admin/runner_tokens', { name })).token;
    const [north, south] = [await tokenOf('north'), await tokenOf('south')];
    await startRunner('r1', one, { token: north, name: 'box' });
    await startRunner('r2', two, { token: south, name: 'box' });
    const more = ['--gpu', 'Tesla T4', '--label', 'zone=west'];
    await startRunner('r3', two, { token: north, name: 'gpu-box', more });

    const runners = async (server: Platform) =>
      (await server.call<{ runners: RunnerInfo[] }>('GET', RUNNERS)).runners;
    const stateOf = async (server: Platform, id: string) =>
      (await runners(server)).find((runner) => runner.id === id);
    for (const server of [one, two]) {
      const states = (await runners(server)).map(({ id, state }) => `${id} ${state}`);
      expect(states).toEqual([
        'box@north RUNNER_STATE_READY',
        'box@south RUNNER_STATE_READY',
        'gpu-box@north RUNNER_STATE_READY',
      ]);
    }

    await pushComponent(one, { name: 'spread', type: 'partitioner', main: PARTITIONER });
    await pushComponent(one, { name: 'copy', type: 'app', main: APP });
    await putIntoCache(one, 'models/tiny', 'SHARED', 'shared');
    await putIntoCache(one, 'models/tiny', 'USER');
    const id = await runJob(one, { app: 'copy', partitioner: 'spread' });
    await until(60_000, 'some chunks to be done', async () =>
      (await completed(one, id)) >= 4 ? true : null,
    );
    networks.kill('r2');
    await two.call('POST', `${RUNNERS}/${encodeURIComponent('box@north')}/drain`, {
      reason: 'new disk',
    });
    expect(await waitForJob(two, id, 90_000)).toMatchObject({
      state: 'JOB_STATE_COMPLETE',
      numChunks: CHUNKS,
      failedChunks: 0,
    });
    expect(await resultsOf(one, id)).toEqual(
      Object.fromEntries(
        Array.from({ length: CHUNKS }, (_, i) => [`copy_${i}.txt`, digest(contentOf(i))]),
      ),
    );
    expect(await stateOf(one, 'box@north')).toMatchObject({
      state: 'RUNNER_STATE_DRAINED',
      reason: 'new disk',
      runningTasks: 0,
    });
    const lost = await until(20_000, 'the dead runner to be lost', async () => {
      const runner = await stateOf(one, 'box@south');
      return runner?.state === 'RUNNER_STATE_LOST' ? runner : null;
    });
    expect(lost.reason).toMatch(/^not heard of for \d+ s$/);

    // The server that is asked has never talked to the runner with the GPU.
    const manifest = { device_requirements: { min_cpu: 1, min_memory: 0.25, gpu: ['t4'] } };
    await pushComponent(one, { name: 'draw', type: 'app', main: GPU_APP, manifest });
    const drawn = await runJob(one, { app: 'draw' });
    expect(await waitForJob(one, drawn)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    expect(await resultsOf(one, drawn)).toEqual({ 'gpu.txt': digest('0') });
    expect(await problemsIn(databaseUrl, dataDir)).toEqual([]);
  },
);

async function runJob(server: Platform, components: object): Promise<string> {
  const { job } = await server.call<{ job: { id: string } }>('POST', '/v1/customer/jobs', {
    ...components,
    dataSource: { dataSourceDescriptor: 'bypass' },
    dataDestination: { dataSourceDescriptor: 'bucket' },
    run: true,
  });
  return job.id;
}

async function completed(server: Platform, id: string): Promise<number> {
  const { job } = await server.call<{ job: { taskCounts: Record<string, number> } }>(
    'GET',
    `/v1/customer/jobs/${id}`,
  );
  return job.taskCounts['TASK_STATE_COMPLETED'] ?? job.taskCounts['COMPLETED'] ?? 0;
}

/** Digests by name. */
async function resultsOf(server: Platform, id: string): Promise<Record<string, string>> {
  const { results } = await server.call<{ results: { name: string; link: string }[] }>(
    'GET',
    `/v1/customer/jobs/${id}/results`,
  );
  const files: Record<string, string> = {};
  for (const { name, link } of results) files[name] = digest(await (await fetch(link)).text());
  return files;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
