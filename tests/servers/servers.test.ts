/** What several servers on one PostgreSQL database promise. */
import { writeFile, copyFile, mkdir, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { startPostgres, type Postgres } from '../../scripts/lib/postgres.js';
import { pushComponent } from '../support/components.ts';
import { until, type Platform } from '../support/platform.ts';
import { createServers, makeDataDir, type ServerGroup } from './servers.ts';

const BIN = process.env['BYTENITE_TEST_POSTGRES_BIN'];
const CHUNKS = 24;

const PARTITIONER = `import os
for i in range(${CHUNKS}):
    open(f"{os.environ['CHUNKS_DIR']}/data_{i}.bin", "w").write(f"{i}")
`;
const APP = `import os, time
n = int(open(os.environ["TASK_DIR"] + "/data.bin").read())
time.sleep(0.2)
open(os.environ["TASK_RESULTS_DIR"] + "/square.txt", "w").write(str(n * n))
`;

describe.skipIf(BIN === undefined)('servers on one PostgreSQL', () => {
  let postgres: Postgres;
  let group: ServerGroup;

  beforeAll(async () => {
    postgres = await startPostgres(BIN ?? '');
  });
  afterAll(() => postgres.stop());

  beforeEach(async () => {
    group = await createServers(await newDatabase(postgres.url));
  });
  afterEach(() => group.close());

  const squares = async () => {
    const platform = group as unknown as Platform;
    await pushComponent(platform, { name: 'spread', type: 'partitioner', main: PARTITIONER });
    await pushComponent(platform, { name: 'square', type: 'app', main: APP });
    const { job } = await group.call<{ job: { id: string } }>('POST', '/v1/customer/jobs', {
      app: 'square',
      partitioner: 'spread',
      assembler: 'passthrough',
      dataSource: { dataSourceDescriptor: 'bypass' },
      dataDestination: { dataSourceDescriptor: 'bucket' },
    });
    await group.call('POST', `/v1/customer/jobs/${job.id}/run`, {});
    return job.id;
  };
  const jobOf = async (id: string) =>
    (await group.call<{ job: Record<string, unknown> }>('GET', `/v1/customer/jobs/${id}`)).job;
  const ended = (id: string) =>
    until(90_000, `job ${id} to end`, async () => {
      const job = await jobOf(id).catch(() => null);
      return /STATE_(COMPLETE|FAILED)$/.test(String(job?.['state'])) ? job : null;
    });
  /** Waits until some of the tasks are done, and not all. */
  const halfway = (id: string) =>
    until(60_000, `job ${id} to be halfway`, async () => {
      const tasks = await completed(id);
      return tasks >= CHUNKS / 4 ? tasks : null;
    });
  /** Waits until a task more is done, or all are. */
  const progress = async (ids: readonly string[]) => {
    const done = async () => {
      const counts = await Promise.all(ids.map((id) => completed(id).catch(() => 0)));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    const before = await done();
    await until(60_000, 'a task to be done', async () => {
      const now = await done();
      return now > before || now >= ids.length * CHUNKS ? now : null;
    });
  };
  const completed = async (id: string) => {
    const { data } = await group.call<{ data: { state: string }[] }>(
      'GET',
      `/v1/customer/jobs/${id}/tasks?limit=100`,
    );
    return data.filter(({ state }) => state === 'TASK_STATE_COMPLETED').length;
  };

  test('start at once on an empty database, and a job completes though one of them is killed', async () => {
    const [first] = await Promise.all([group.start(), group.start()]);
    await group.startRunner();
    const id = await squares();
    await halfway(id);
    await first?.kill();
    expect(await ended(id)).toMatchObject({ state: 'JOB_STATE_COMPLETE', numChunks: CHUNKS });
    expect(await completed(id)).toBeGreaterThanOrEqual(CHUNKS);
    expect(await group.problems()).toEqual([]);
  });

  test('lose nothing and do nothing twice while one after the other is killed', async () => {
    let living = [await group.start(), await group.start()];
    await group.startRunner();
    const ids = [await squares(), await squares()];
    for (let kills = 0; kills < 4; kills += 1) {
      await progress(ids);
      const [oldest, ...others] = living;
      const next = group.start();
      await oldest?.kill();
      living = [...others, await next];
    }
    for (const id of ids) expect(await ended(id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    expect(await group.problems()).toEqual([]);
  });

  test('go on after the database was away: callers hear 503, and nothing is lost', async () => {
    const server = await group.start();
    await group.startRunner();
    const id = await squares();
    await halfway(id);
    await postgres.end('SIGQUIT');
    const response = await fetch(`${server.url}/v1/customer/jobs/${id}`, {
      headers: { authorization: 'some key that nobody remembers' },
    });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      code: 14,
      message: 'the database does not answer',
    });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    await postgres.start();
    expect(await ended(id)).toMatchObject({ state: 'JOB_STATE_COMPLETE', numChunks: CHUNKS });
    expect(await group.problems()).toEqual([]);
  });

  test('take over what a dead one was moving within seconds, long before its lease is over', async () => {
    const asked: number[] = [];
    // It begins to answer, and never ends.
    const source = createServer((_, response) => {
      asked.push(performance.now());
      response.writeHead(200).write('a line\n');
    });
    await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = source.address() as AddressInfo;
      const lease = { BYTENITE_LEASE_MS: '120000' };
      const schedule = ['--data-dir', group.dataDir, '--role', 'scheduler'];
      await group.start(['--data-dir', group.dataDir, '--role', 'api'], lease);
      const first = await group.start(schedule, lease);
      await pushComponent(group as unknown as Platform, { name: 'square', type: 'app', main: APP });
      await group.call('POST', '/v1/customer/jobs', {
        app: 'square',
        dataSource: {
          dataSourceDescriptor: 'url',
          params: { url: `http://127.0.0.1:${port}/slow` },
        },
        dataDestination: { dataSourceDescriptor: 'bucket' },
        run: true,
      });
      await until(30_000, 'the source to be asked', async () => (asked.length > 0 ? true : null));
      await group.start(schedule, lease);
      const before = asked.length;
      await first.kill();
      await until(60_000, 'another to ask', async () => (asked.length > before ? true : null));
      expect(asked.length).toBeGreaterThan(before);
    } finally {
      source.closeAllConnections();
      source.close();
    }
  });

  test('divide the work: one answers, another moves jobs on', async () => {
    await group.start(['--data-dir', group.dataDir, '--role', 'api']);
    const scheduler = await group.start(['--data-dir', group.dataDir, '--role', 'scheduler']);
    await group.startRunner();
    expect((await fetch(`${scheduler.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${scheduler.url}/v1/customer/jobs`)).status).toBe(404);
    expect(await ended(await squares())).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  });

  test('are refused with another master key, and with files in another place', async () => {
    await group.start();
    const other = await makeDataDir(group.dir, 'other');
    await expect(group.start(['--data-dir', other])).rejects.toThrow(
      /files of this database .* lie in another place/,
    );
    await mkdir(path.join(group.dir, 'unused'));
    await rename(path.join(other, 'blobs'), path.join(group.dir, 'unused', 'blobs'));
    const key = path.join(group.dataDir, 'master-key');
    await copyFile(key, path.join(group.dir, 'kept-key'));
    await writeFile(key, Buffer.alloc(32, 7).toString('base64'));
    await expect(group.start()).rejects.toThrow(/does not hold the master key/);
    await copyFile(path.join(group.dir, 'kept-key'), key);
    await group.start();
  });

  test('say what is wrong with the address of the database', async () => {
    const args = ['--data-dir', group.dataDir];
    const at = (url: string) => group.start(args, { DATABASE_URL: url });
    await expect(at('mysql://here/there')).rejects.toThrow(/DATABASE_URL must be like postgres:/);
    await expect(at('postgres://me:hidden@127.0.0.1:1/there')).rejects.toThrow(
      /DATABASE_URL \(127\.0\.0\.1:1\/there\) cannot be used: the database does not answer: .*ECONNREFUSED/,
    );
    await expect(group.start([...args, '--role', 'api'], { DATABASE_URL: '' })).rejects.toThrow(
      /--role api needs a PostgreSQL database/,
    );
    expect(await group.logs()).not.toContain('hidden');
  });
});

let last = 0;
async function newDatabase(url: string): Promise<string> {
  const { Client } = await import('pg');
  const admin = new Client({ connectionString: url });
  await admin.connect();
  last += 1;
  await admin.query(`create database servers_${last}`);
  await admin.end();
  const own = new URL(url);
  own.pathname = `/servers_${last}`;
  return own.href;
}
