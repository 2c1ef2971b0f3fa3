/** An attempt that comes to its end after its lease was given away. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, type AttemptRow, type Database, type TaskRow } from '../kill/database.ts';
import { storedKeys } from '../support/blobs.ts';
import { pushComponent } from '../support/components.ts';
import {
  flags,
  programOf,
  RUNNER,
  startPlatform,
  startProgram,
  until,
  waitForJob,
  type Platform,
  type Program,
} from '../support/platform.ts';

const LEASE_MS = 2500;
const ENV = {
  BYTENITE_LEASE_MS: String(LEASE_MS),
  BYTENITE_HEARTBEAT_MS: '200',
  BYTENITE_BACKOFF_BASE_MS: '20',
  // Its results are there and have not been sent.
  BYTENITE_FAILPOINTS: 'stage-out=1500-1500',
};
const NAMES = ['first', 'second'] as const;

const APP = `import json, os
attempt, size = os.environ["ATTEMPT"], json.loads(os.environ["APP_PARAMS"])["size"]
with open(os.environ["TASK_RESULTS_DIR"] + "/out.txt", "w") as out:
    out.write(attempt * size)
`;

let platform: Platform;
let database: Database;
let runners: Map<string, Program>;

beforeEach(async () => {
  platform = await startPlatform({ env: ENV, runner: false });
  database = openDatabase(platform.dataDir);
  runners = new Map();
  for (const [i, name] of NAMES.entries()) runners.set(name, await startRunner(name, i));
});
afterEach(async () => {
  for (const { process: child, kill } of runners.values()) {
    child.kill('SIGCONT');
    await kill();
  }
  await database.close();
  await platform.close();
});

async function startRunner(name: string, i: number): Promise<Program> {
  const { child } = await startProgram(
    RUNNER,
    flags({
      server: platform.url,
      name,
      'token-file': path.join(platform.dataDir, 'runner-token'),
      'work-dir': path.join(platform.dir, name),
      'uid-base': 270_000 + 100 * i,
    }),
    { env: ENV, logFile: path.join(platform.dir, 'log') },
  );
  return programOf(child);
}

async function startJob(size: number): Promise<string> {
  await pushComponent(platform, { name: 'late', type: 'app', main: APP });
  const { job } = await platform.call<{ job: { id: string } }>('POST', '/v1/customer/jobs', {
    app: 'late',
    dataSource: { dataSourceDescriptor: 'bypass' },
    dataDestination: { dataSourceDescriptor: 'bucket' },
    params: { app: { size } },
    run: true,
  });
  return job.id;
}

function filesOf(runner: string): string[] {
  const dir = path.join(platform.dir, runner, 'attempts');
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

// Too large for a message, so it would be put into the blob store first.
test('of a runner that stood still, is refused and leaves no file', async () => {
  const size = 200_000;
  const id = await startJob(size);
  const holder = await until(30_000, 'results to be there', async () => {
    const [lease] = await database.rows<{ runner: string }>(
      "select runner from lease where phase = 'STAGING_OUT'",
    );
    return lease?.runner ?? null;
  });
  const frozen = runners.get(holder);
  frozen?.process.kill('SIGSTOP');
  expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  frozen?.process.kill('SIGCONT');

  // It goes on as if nothing had been, alone.
  for (const [name, runner] of runners) if (name !== holder) await runner.kill();
  const next = await startJob(1);
  expect(await waitForJob(platform, next)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  await until(10_000, 'its files to go', async () => (filesOf(holder).length === 0 ? true : null));

  const [task] = await database.rows<TaskRow>("select * from task where kind = 'APP' order by job");
  const lost = await database.rows<AttemptRow>('select * from attempt order by job, attempt');
  expect(task).toMatchObject({ state: 'committed', winner: 2 });
  expect(lost.map(({ attempt, reason }) => [attempt, reason])).toEqual([[1, 'WORKER_LOST']]);
  const { results } = await platform.call<{ results: { link: string }[] }>(
    'GET',
    `/v1/customer/jobs/${id}/results`,
  );
  const delivered = await (await fetch(results[0]?.link ?? '')).text();
  expect(delivered).toBe('2'.repeat(size));
  const stored = await storedKeys(platform);
  expect(stored.filter((key) => key.includes('/app-0-0-1/'))).toEqual([]);
  expect(stored.filter((key) => key.includes('/app-0-0-2/'))).toHaveLength(1);
});
