/** A disk that runs full under a platform: a small file system of its own, filled for real. */
import { open, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CLI, runProgram } from '../cli/cli.ts';
import { pushComponent } from '../support/components.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, JOBS, refusal, send } from './caller.ts';

const MIB = 1024 ** 2;
const DISK_MIB = 256;
/** More than a runner takes ahead of time. */
const CHUNKS = 60;
const NO_SPACE = /^503\/14 the platform's disk is almost full: \d+ MiB are free/;

const small = await mountSmallDisk(DISK_MIB);
const disk = small.dir;

let platform: Platform;
let running: string;
let draft: string;
let uploadUrl: string;

const SPLIT = `import os
for i in range(${CHUNKS}):
    open(os.path.join(os.environ["CHUNKS_DIR"], "data_%d.bin" % i), "w").write("x")
`;
const GATED = `import os, time
while not os.path.exists(${JSON.stringify(path.join(disk, 'gate'))}):
    time.sleep(0.05)
open(os.path.join(os.environ["TASK_RESULTS_DIR"], "out.txt"), "w").write("x")
`;

interface Job {
  state: string;
  waitingReason: string;
  taskCounts: Record<string, number>;
  dataSource: { params: { tempUrl: string } };
}

async function jobOf(id: string): Promise<Job> {
  return (await platform.call<{ job: Job }>('GET', `${JOBS}/${id}`)).job;
}

async function diskOf(): Promise<{ low: boolean; freeBytes: number; limitBytes: number }> {
  const response = await fetch(`${platform.url}/readyz`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { disk: Awaited<ReturnType<typeof diskOf>> }).disk;
}

const countOf = ({ taskCounts }: Job, state: string) => taskCounts[`TASK_STATE_${state}`] ?? 0;

describe.runIf(small.isMounted)('a disk that is almost full', () => {
  beforeAll(async () => {
    vi.stubEnv('TMPDIR', disk);
    platform = await startPlatform({ runnerArgs: ['--cpus', '2', '--sandbox', 'process'] });
    vi.unstubAllEnvs();
    await pushComponent(platform, { name: 'split', type: 'partitioner', main: SPLIT });
    await pushComponent(platform, { name: 'gated', type: 'app', main: GATED });
    draft = await createJob(platform, { app: 'gated' });
    const withFile = await createJob(platform, {
      app: 'gated',
      dataSource: { dataSourceDescriptor: 'file' },
    });
    uploadUrl = (await jobOf(withFile)).dataSource.params.tempUrl;
    running = await createJob(platform, { app: 'gated', partitioner: 'split' });
    await platform.call('POST', `${JOBS}/${running}/run`, {});
    await until(30_000, 'two tasks to run', async () =>
      countOf(await jobOf(running), 'RUNNING') === 2 ? true : null,
    );
    await fill();
    await until(10_000, 'the disk to be low', async () => ((await diskOf()).low ? true : null));
  });

  afterAll(async () => {
    await platform?.close();
  });

  /** Leaves less than a tenth, and enough that nothing fails for lack of room. */
  async function fill(): Promise<void> {
    const { bavail, bsize } = await statfs(disk);
    const file = await open(path.join(disk, 'filler'), 'w');
    const part = Buffer.alloc(MIB);
    for (let left = bavail * bsize - 16 * MIB; left > 0; left -= MIB) await file.write(part);
    await file.close();
  }

  it('refuses new work, and says why, before anything fails', async () => {
    expect((await diskOf()).limitBytes).toBe(Math.floor(DISK_MIB * MIB * 0.1));
    expect(await refusal(platform, 'POST', JOBS, { app: 'gated' })).toMatch(NO_SPACE);
    expect(await refusal(platform, 'POST', `${JOBS}/${draft}/run`)).toMatch(NO_SPACE);
    const push = pushComponent(platform, { name: 'other', type: 'app', main: 'pass' });
    await expect(push).rejects.toThrow('disk is almost full');
    const template = { id: 'later', app: 'gated' };
    expect(await refusal(platform, 'POST', '/v1/dev/templates', template)).toMatch(NO_SPACE);
    const upload = await fetch(uploadUrl, { method: 'PUT', body: 'data' });
    expect(upload.status).toBe(503);
    expect(Number(upload.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('is seen by whoever operates it', async () => {
    const metrics = await (await fetch(`${platform.url}/metrics`)).text();
    expect(metrics).toMatch(/^bytenite_disk_low 1$/m);
    expect(metrics).toMatch(/^bytenite_disk_free_bytes \d+$/m);
    expect(await platform.logs()).toContain('the disk is almost full: new work is refused');
    const args = [CLI, 'doctor', '--json', '--url', platform.url, '--api-key', platform.apiKey];
    const doctor = await runProgram(process.execPath, args, { cwd: disk, env: process.env });
    expect(doctor.code).toBe(1);
    expect(JSON.parse(doctor.stdout)).toContainEqual(
      expect.objectContaining({ name: 'platform disk', status: 'fail' }),
    );
  });

  it('lets tasks under way commit, and begins no other', async () => {
    await writeFile(path.join(disk, 'gate'), '');
    const begun = ['ASSIGNED', 'RECEIVED', 'RUNNING'];
    const job = await until(30_000, 'all that began to commit', async () => {
      const job = await jobOf(running);
      return begun.every((state) => countOf(job, state) === 0) ? job : null;
    });
    const committed = countOf(job, 'COMPLETED');
    expect(committed).toBeGreaterThanOrEqual(2);
    expect(countOf(job, 'SCHEDULED')).toBe(CHUNKS - committed);
    expect(countOf(job, 'SCHEDULED')).toBeGreaterThan(0);
    expect(job.waitingReason).toContain("waits for room: the platform's disk is almost full");
  });

  it('lets everything be read and deleted', async () => {
    expect((await send(platform, 'GET', JOBS)).status).toBe(200);
    expect((await send(platform, 'DELETE', `${JOBS}/${draft}`)).status).toBe(200);
  });

  it('takes work again once there is room', async () => {
    await rm(path.join(disk, 'filler'));
    await until(10_000, 'room', async () => ((await diskOf()).low ? null : true));
    expect(await waitForJob(platform, running)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    const again = await createJob(platform, { app: 'gated' });
    await platform.call('POST', `${JOBS}/${again}/run`, {});
    expect(await waitForJob(platform, again)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    expect(await readFile(path.join(platform.dir, 'log'), 'utf8')).toContain(
      'the disk has room again',
    );
  });
});

afterAll(() => small.remove());
