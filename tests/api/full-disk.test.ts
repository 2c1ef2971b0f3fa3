/** More than a small disk has room for: uploads, results and sources end with the reason, before it is full. */
import { once } from 'node:events';
import { chmod, mkdtemp, open, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CLI, runProgram } from '../cli/cli.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, type Platform } from '../support/platform.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { createJob, JOBS, refusal } from './caller.ts';

const MIB = 1024 ** 2;
const DISK_MIB = 200;
const LIMIT = (DISK_MIB * MIB) / 10;
const TOO_MUCH_MIB = 300;
const TOO_FULL =
  /the platform's disk is too full for 300 MiB: \d+ MiB are free, and \d+ MiB are kept/;
const ALMOST_FULL = /the platform's disk is almost full: \d+ MiB are free, and 20 MiB are kept/;

const WRITER = `import os
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "out.bin"), "wb") as out:
    for i in range(${TOO_MUCH_MIB}):
        out.write(bytes(${MIB}))
`;

const small = await mountSmallDisk(DISK_MIB);
let platform: Platform;
/** Where tasks and callers have their files: room enough. */
let roomy: string;
let source: Server;

interface Job {
  state: string;
  waitingReason: string;
  errorMessage: string;
  dataSource: { params: { tempUrl: string } };
}

async function jobOf(id: string): Promise<Job> {
  return (await platform.call<{ job: Job }>('GET', `${JOBS}/${id}`)).job;
}

async function freeBytes(): Promise<number> {
  const { bavail, bsize } = await statfs(small.dir);
  return bavail * bsize;
}

async function* zeros(mib: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < mib; i++) yield Buffer.alloc(MIB);
}

/** The least room that was seen while something happened. */
async function leastFree<T>(act: () => Promise<T>): Promise<{ result: T; least: number }> {
  let isOver = false;
  const work = act().finally(() => (isOver = true));
  let least = Infinity;
  while (!isOver) least = Math.min(least, await freeBytes());
  return { result: await work, least };
}

/** What it said while it waited, and how it ended. */
async function followJob(id: string): Promise<{ job: Job; waits: Set<string> }> {
  const waits = new Set<string>();
  const job = await until(90_000, `job ${id} to end`, async () => {
    const now = await jobOf(id);
    waits.add(now.waitingReason);
    return now.state === 'JOB_STATE_FAILED' || now.state === 'JOB_STATE_COMPLETE' ? now : null;
  });
  return { job, waits };
}

async function nothingIsLeft(): Promise<void> {
  expect(await readdir(path.join(platform.dataDir, 'blobs/tmp'))).toEqual([]);
  expect(await freeBytes()).toBeGreaterThan((DISK_MIB / 2) * MIB);
  const logs = await platform.logs();
  expect(logs).not.toContain('ENOSPC');
  expect(logs).not.toContain('request failed');
}

async function newUpload(): Promise<string> {
  const id = await createJob(platform, {
    app: 'writer',
    dataSource: { dataSourceDescriptor: 'file' },
  });
  return (await jobOf(id)).dataSource.params.tempUrl;
}

describe.runIf(small.isMounted)('a disk that has no room for what comes', () => {
  beforeAll(async () => {
    roomy = await mkdtemp(path.join(tmpdir(), 'bytenite-roomy-'));
    await chmod(roomy, 0o711);
    source = createServer((_request, response) => {
      Readable.from(zeros(TOO_MUCH_MIB))
        .on('error', () => undefined)
        .pipe(response);
    }).listen(0, '127.0.0.1');
    await once(source, 'listening');
    vi.stubEnv('TMPDIR', small.dir);
    platform = await startPlatform({
      runnerArgs: ['--cpus', '2', '--work-dir', path.join(roomy, 'runner')],
      env: { BYTENITE_BACKOFF_BASE_MS: '500' },
    });
    vi.unstubAllEnvs();
    await pushComponent(platform, { name: 'writer', type: 'app', main: WRITER });
  });

  afterAll(async () => {
    await platform?.close();
    source?.closeAllConnections();
    source?.close();
    await rm(roomy, { recursive: true, force: true });
  });

  it('refuses an upload at once whose announced size does not fit', async () => {
    const url = await newUpload();
    const { result, least } = await leastFree(() =>
      fetch(url, { method: 'PUT', body: Buffer.alloc(TOO_MUCH_MIB * MIB) }),
    );
    expect(result.status).toBe(503);
    const reply = (await result.json()) as { code: number; message: string; details: unknown[] };
    expect(reply).toMatchObject({ code: 14, message: expect.stringMatching(TOO_FULL) });
    expect(reply.details).toContainEqual(expect.objectContaining({ reason: 'NO_SPACE' }));
    expect(Number(result.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(least).toBeGreaterThan((DISK_MIB - 20) * MIB);
    await nothingIsLeft();
  });

  it('cuts an upload of unknown size before it takes what is kept', async () => {
    const url = await newUpload();
    const body = Readable.toWeb(Readable.from(zeros(TOO_MUCH_MIB))) as ReadableStream;
    const { result, least } = await leastFree(() =>
      fetch(url, { method: 'PUT', body, duplex: 'half' }),
    );
    expect(result.status).toBe(503);
    expect(await result.json()).toMatchObject({ message: expect.stringMatching(ALMOST_FULL) });
    expect(least).toBeGreaterThan(LIMIT - 2 * MIB);
    await nothingIsLeft();
  });

  it('is told by the command line in the words of the platform', async () => {
    const input = path.join(roomy, 'input.bin');
    const file = await open(input, 'w');
    await file.truncate(TOO_MUCH_MIB * MIB);
    await file.close();
    const given = ['--url', platform.url, '--api-key', platform.apiKey];
    const args = [CLI, 'job', 'run', '--app', 'writer', '--input', input, ...given];
    const { code, stderr } = await runProgram(process.execPath, args, {
      cwd: roomy,
      env: process.env,
    });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(TOO_FULL);
    expect(stderr).not.toContain('try again in a moment');
    await nothingIsLeft();
  });

  it('ends a task whose results do not fit, after its retries, and its job says why', async () => {
    const id = await createJob(platform, { app: 'writer', config: { maxTaskRetries: 1 } });
    await platform.call('POST', `${JOBS}/${id}/run`, {});
    const { result, least } = await leastFree(() => followJob(id));
    expect(result.job.state).toBe('JOB_STATE_FAILED');
    expect(result.job.errorMessage).toMatch(TOO_FULL);
    expect(result.job.errorMessage).toContain('chunk 0: results: ');
    expect(least).toBeGreaterThan((DISK_MIB - 20) * MIB);
    await nothingIsLeft();
  });

  it('ends a source that does not fit, and the job says what it waits for meanwhile', async () => {
    const { port } = source.address() as AddressInfo;
    const params = {
      '@type': 'type.googleapis.com/bytenite.data_source.HttpDataSource',
      url: `http://127.0.0.1:${port}/large.bin`,
    };
    const id = await createJob(platform, {
      app: 'writer',
      dataSource: { dataSourceDescriptor: 'url', params },
    });
    await platform.call('POST', `${JOBS}/${id}/run`, {});
    const { result, least } = await leastFree(() => followJob(id));
    expect(result.job).toMatchObject({ state: 'JOB_STATE_FAILED' });
    expect(result.job.errorMessage).toMatch(ALMOST_FULL);
    expect([...result.waits].join('\n')).toMatch(/disk (had too little room|is almost full)/);
    expect(least).toBeGreaterThan(LIMIT - 2 * MIB);
    await nothingIsLeft();
  });

  it('takes no snapshot of the database out of what is kept for it', async () => {
    const filler = path.join(small.dir, 'filler');
    const left = (await freeBytes()) - LIMIT / 2;
    await writeFile(filler, Buffer.alloc(left));
    // What other programs write is seen a moment later.
    await until(10_000, 'the platform to see it', async () =>
      (await refusal(platform, 'POST', JOBS, { app: 'writer' })).startsWith('503/14') ? true : null,
    );
    const said = await refusal(platform, 'POST', '/v1/auth/admin/backups', {});
    expect(said).toMatch(/^503\/14 the platform's disk is almost full/);
    await rm(filler);
  });
});

afterAll(() => small.remove());
