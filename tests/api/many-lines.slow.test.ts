/** A task that prints as much as is kept of one, as fast as it can, and those who want to read it. */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { makeHome, waitFor } from '../cli/cli.ts';
import { createJob, runJob } from './caller.ts';

/** Of 101 bytes: 58 MiB; of what a task prints beyond 64 MiB only the end is kept. */
const LINES = 600_000;
const PRINT = `import sys
w = sys.stdout.write
for i in range(${LINES}):
    w("%07d" % i + " " * 92 + "\\n")
`;
const MIB = 1024 * 1024;
const EVENTS = '/v1/customer/events?events=log.appended&lastEventId=1';

let platform: Platform;
let jobId: string;

beforeAll(async () => {
  platform = await startPlatform();
  await pushComponent(platform, { name: 'print', type: 'app', main: PRINT });
  jobId = await createJob(platform, { app: 'print' });
  await runJob(platform, jobId);
  const { state } = await waitForJob(platform, jobId, 240_000);
  if (state !== 'JOB_STATE_COMPLETE') throw new Error(`the job ended ${state}`);
}, 300_000);

afterAll(() => platform?.close());

/** A stream that its reader can leave standing. */
async function openStream(): Promise<http.IncomingMessage> {
  const request = http.get(platform.url + EVENTS, {
    headers: { authorization: platform.apiKey },
    agent: false,
  });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  expect(response.statusCode).toBe(200);
  return response;
}

async function memoryBytes(pid = platform.server.process.pid): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  // A process that has just ended has none.
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** The most memory that the server had while something went on, and that it answered others meanwhile. */
async function mostMemory<T>(during: Promise<T>): Promise<{ result: T; bytes: number }> {
  let isOver = false;
  const over = during.finally(() => (isOver = true));
  let bytes = 0;
  await until(110_000, 'the watchers', async () => {
    await (await fetch(`${platform.url}/healthz`)).text();
    bytes = Math.max(bytes, await memoryBytes());
    return isOver || null;
  });
  return { result: await over, bytes };
}

/** All numbers of lines in the stream, in order: anything else is an error. */
async function readAll(stream: http.IncomingMessage): Promise<number> {
  let next = 0;
  let rest = '';
  stream.setEncoding('utf8');
  for await (const part of stream) {
    const messages = (rest + String(part)).split('\n');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const number = /"log":"(\d{7}) /.exec(message)?.[1];
      if (number === undefined) continue;
      if (Number(number) !== next) throw new Error(`${number} came instead of ${next}`);
      next += 1;
    }
    if (next === LINES) break;
  }
  stream.destroy();
  return next;
}

test('a replay costs little memory, also for watchers that hardly read', async () => {
  const before = await memoryBytes();
  const slow = await Promise.all([openStream(), openStream()]);
  for (const stream of slow) {
    await once(stream, 'readable');
    stream.read(1);
  }
  const fast = await openStream();
  await once(fast, 'readable');
  const { result, bytes } = await mostMemory(readAll(fast));
  expect(result).toBe(LINES);
  expect(bytes - before).toBeLessThan(150 * MIB);
  for (const stream of slow) stream.destroy();
}, 120_000);

test('all lines come page by page, the oldest first, none is left out', async () => {
  interface Page {
    taskrunner: Record<string, { logs: { log: string }[] }>;
    next: string;
  }
  let after = '0';
  let next = 0;
  let pages = 0;
  do {
    const body = { jobId, levels: ['UNKNOWN'], services: ['APP'], after };
    const page: Page = await platform.call('POST', '/v1/customer/logs', body);
    for (const { logs } of Object.values(page.taskrunner)) {
      for (const { log } of logs) {
        if (Number(log) !== next) throw new Error(`${log} came instead of ${next}`);
        next += 1;
      }
    }
    after = page.next;
    pages += 1;
  } while (after !== '');
  expect(next).toBe(LINES);
  expect(pages).toBeGreaterThanOrEqual(LINES / 10_000);
}, 120_000);

test('the command line prints the newest and says so, or all of them', async () => {
  const home = await makeHome();
  const env = { BYTENITE_API_URL: platform.url, BYTENITE_API_KEY: platform.apiKey };
  const ofTask = ['job', 'logs', jobId, '--chunk', '0', '--level', 'unknown'];
  try {
    const { code, stdout, stderr } = await home.run(ofTask, { env });
    expect(code).toBe(0);
    expect(numbersIn(stdout)).toEqual({ first: LINES - 10_000, count: 10_000 });
    expect(stderr).toContain('--all prints every line');
    const all = home.start([...ofTask, '--all'], env);
    let bytes = 0;
    let isOver = false;
    const ended = all.ended().finally(() => (isOver = true));
    await waitFor('the end of the command', async () => {
      bytes = Math.max(bytes, await memoryBytes(all.process.pid).catch(() => 0));
      return isOver;
    });
    expect(await ended).toBe(0);
    expect(numbersIn(all.output())).toEqual({ first: 0, count: LINES });
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(400 * MIB);
    const wrong = await home.run([...ofTask, '--all', '--limit', '5'], { env });
    expect(wrong.stderr).toContain('--all and --limit exclude each other');
    expect(wrong.code).toBe(2);
  } finally {
    await home.remove();
  }
}, 120_000);

/** Of numbers that follow each other; throws where they do not. */
function numbersIn(printed: string): { first: number; count: number } {
  const numbers = [...printed.matchAll(/\| (\d{7}) /g)].map(([, number]) => Number(number));
  const [first = -1] = numbers;
  for (const [i, number] of numbers.entries()) {
    if (number !== first + i) throw new Error(`${number} came instead of ${first + i}`);
  }
  return { first, count: numbers.length };
}
