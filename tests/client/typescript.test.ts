/** The TypeScript client against a real platform. */
import { execFile } from 'node:child_process';
import { createServer, request as forward, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { createClient, JobFailedError, type Client } from '@bytenite/client';
import { downloadResults, fileInput } from '@bytenite/client/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';
import { pushApps } from './components.ts';
import { pushWordCount } from './word-count.ts';

const TEXT = 'call me ishmael\nsome years ago\nnever mind how long\n'.repeat(400);

let platform: Platform;
let client: Client;
let folder: string;

beforeAll(async () => {
  platform = await startPlatform();
  client = createClient({ baseUrl: platform.url, apiKey: platform.apiKey });
  folder = await mkdtemp(path.join(platform.dir, 'client-'));
  await pushWordCount(platform);
  await pushApps(platform);
});

afterAll(() => platform?.close());

const wordCount = { templateId: 'word-count', params: { app: { min_length: 6 } } };

async function stateOf(jobId: string): Promise<string> {
  const { job } = await platform.call<{ job: { state: string } }>(
    'GET',
    `/v1/customer/jobs/${jobId}`,
  );
  return job.state;
}

describe('runAndWait', () => {
  it('counts the words of a file, and its results are files again', async () => {
    const file = path.join(folder, 'book.txt');
    await writeFile(file, TEXT);
    const states: string[] = [];
    const { job, results } = await client.jobs.runAndWait(wordCount, {
      input: await fileInput(file),
      onUpdate: ({ state }) => void states.push(state),
    });
    expect(job).toMatchObject({ state: 'JOB_STATE_COMPLETE', templateId: 'word-count' });
    expect(job.dataSource?.params?.['name']).toBe('book.txt');
    expect(states.at(-1)).toBe('JOB_STATE_COMPLETE');
    expect(results.map(({ name }) => name).sort()).toEqual(['summary.txt', 'words.json']);
    const out = path.join(folder, 'results');
    const { files } = await downloadResults(client, job.id, out);
    expect(files).toHaveLength(2);
    const words = await readFile(path.join(out, 'words.json'), 'utf8');
    expect(JSON.parse(words)).toEqual([{ word: 'ishmael', count: 400 }]);
  });

  it('takes text, bytes, blobs and streams, and results are streams', async () => {
    const bytes = new TextEncoder().encode('ishmael ishmael\n');
    const inputs = ['ishmael ishmael\n', bytes, new Blob([bytes]), new Blob([bytes]).stream()];
    const counts = inputs.map(async (input) => {
      const { results } = await client.jobs.runAndWait(wordCount, { input, inputName: 'x.txt' });
      const words = results.find(({ name }) => name === 'words.json');
      const { stream, size } = await client.jobs.download(words ?? { link: '' });
      const text = await new Response(stream).text();
      expect(size).toBe(text.length);
      return (JSON.parse(text) as { count: number }[])[0]?.count;
    });
    expect(await Promise.all(counts)).toEqual([2, 2, 2, 2]);
  });

  it('says why a job failed', async () => {
    const spec = { app: 'failing', config: { maxTaskRetries: 0 } };
    const error = await client.jobs.runAndWait(spec).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JobFailedError);
    expect((error as JobFailedError).message).toContain('no such luck');
    expect((error as JobFailedError).job.failureReason).toBe('TASK_FAILED');
  });

  it('leaves no draft behind when a job cannot be run', async () => {
    const before = (await client.call('Customer_ListJobs')).pagination.total;
    await expect(client.jobs.runAndWait({ app: 'unknown' })).rejects.toMatchObject({
      kind: 'FAILED_PRECONDITION',
    });
    expect((await client.call('Customer_ListJobs')).pagination.total).toBe(before);
  });

  it('ends at an abort, and the job goes on until it is stopped', async () => {
    const controller = new AbortController();
    let jobId = '';
    const running = client.jobs.runAndWait(
      { app: 'sleeper' },
      {
        signal: controller.signal,
        onUpdate(job) {
          jobId = job.id;
          controller.abort(new Error('enough'));
        },
      },
    );
    await expect(running).rejects.toThrow('enough');
    expect(await stateOf(jobId)).not.toBe('JOB_STATE_FAILED');
    await client.jobs.abort(jobId);
    await expect(client.jobs.wait(jobId)).rejects.toMatchObject({
      job: { failureReason: 'ABORTED' },
    });
  });

  it('ends at an abort during the upload, and deletes the draft', async () => {
    const controller = new AbortController();
    const before = (await client.call('Customer_ListJobs')).pagination.total;
    async function* endless() {
      for (;;) {
        yield new Uint8Array(65_536);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const running = client.jobs.runAndWait(wordCount, {
      input: endless(),
      signal: controller.signal,
      onUpload: (bytes) => bytes > 1_000_000 && controller.abort(new Error('enough')),
    });
    await expect(running).rejects.toThrow('enough');
    expect((await client.call('Customer_ListJobs')).pagination.total).toBe(before);
  });
});

/** In front of the platform; `spoil` may take an answer away, or give one of its own. */
async function proxy(spoil: (line: string) => 'drop' | number | undefined): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const { method, url = '', headers } = incoming;
    const spoilt = spoil(`${method} ${url.split('?')[0]}`);
    if (typeof spoilt === 'number') return void outgoing.writeHead(spoilt).end();
    const onward = forward(platform.url + url, { method, headers }, (answer) => {
      if (spoilt === 'drop') return void incoming.socket.destroy();
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function through(server: Server): Client {
  const { port } = server.address() as AddressInfo;
  return createClient({ baseUrl: `http://127.0.0.1:${port}`, apiKey: platform.apiKey });
}

it('puts files into a cache, lists and removes them', async () => {
  const file = path.join(folder, 'weights.bin');
  await writeFile(file, TEXT);
  await client.cache.put('models/one.bin', await fileInput(file));
  await client.cache.put('models/deep/two.bin', 'two', { scope: 'user' });
  await client.cache.put('models/three.bin', 'three', { scope: 'shared' });
  const names = async (...of: Parameters<Client['cache']['list']>) => {
    const { directories, files } = await client.cache.list(...of);
    return [...directories.map((one) => one.path), ...files.map((one) => one.path + one.size)];
  };
  expect(await names()).toEqual(['models/']);
  expect(await names('models')).toEqual(['models/deep/', `models/one.bin${TEXT.length}`]);
  expect(await names('models', { scope: 'shared' })).toEqual(['models/three.bin5']);
  await client.cache.delete('models/deep');
  expect(await names('models')).toEqual([`models/one.bin${TEXT.length}`]);
  await expect(client.cache.put('../one', 'x')).rejects.toThrow('path must not hold "." or ".."');
  for (const scope of ['user', 'shared'] as const) await client.cache.delete('/', { scope });
});

describe('a bad connection', () => {
  it('that loses the answers to create and run makes no second job, nor loses it', async () => {
    const lost = new Set<string>();
    const server = await proxy((line) => {
      if (!/^POST .*\/(jobs|run)$/.test(line) || lost.has(line)) return undefined;
      lost.add(line);
      return 'drop';
    });
    const before = (await client.call('Customer_ListJobs')).pagination.total;
    const { job } = await through(server).jobs.runAndWait(wordCount, { input: 'ishmael' });
    expect(job.state).toBe('JOB_STATE_COMPLETE');
    expect((await client.call('Customer_ListJobs')).pagination.total).toBe(before + 1);
    expect(lost.size).toBe(2);
    server.close();
    server.closeAllConnections();
  });

  it('that lets no events through is polled', async () => {
    let refused = 0;
    const server = await proxy((line) => {
      if (!line.endsWith('/events')) return undefined;
      refused += 1;
      return 404;
    });
    const { job } = await through(server).jobs.runAndWait(wordCount, { input: 'ishmael' });
    expect(job.state).toBe('JOB_STATE_COMPLETE');
    expect(refused).toBe(1);
    server.close();
    server.closeAllConnections();
  });
});

it('200 MB go up and come down without being held in memory', async () => {
  const file = path.join(folder, 'large.bin');
  await using handle = await open(file, 'w');
  await handle.truncate(200 * 1024 * 1024);
  const child = path.join(import.meta.dirname, 'move-file.mjs');
  const env = { ...process.env, BYTENITE_URL: platform.url, BYTENITE_KEY: platform.apiKey };
  const args = [child, file, path.join(folder, 'down')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 110_000 });
  expect((await stat(path.join(folder, 'down/copy.bin'))).size).toBe(200 * 1024 * 1024);
  const { grownMiB } = JSON.parse(stdout) as { grownMiB: number };
  expect(grownMiB).toBeLessThan(100);
  await rm(path.join(folder, 'down'), { recursive: true });
});
