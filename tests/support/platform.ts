/** A real platform for tests: server and runner as processes of their own, on a data directory of its own. */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
export const SERVER = path.join(ROOT, 'packages/server/dist/bundle/main.js');
export const RUNNER = path.join(ROOT, 'packages/runner/dist/bundle/main.js');
/** A start takes a second; a machine that runs other tests too may take its time. */
const READY_MS = 60_000;
/** So much of the log an error shows. */
const LOG_TAIL = 4000;
const STOP_MS = 20_000;

export interface PlatformOptions {
  env?: Record<string, string>;
  serverArgs?: readonly string[];
  runnerArgs?: readonly string[];
  /** False: no runner is started. */
  runner?: boolean;
  /** Another build of the server, such as one with a planted bug. */
  serverProgram?: string;
  /** Flags of Node for both programs, such as those of a profiler. */
  nodeArgs?: readonly string[];
}

export interface Program {
  process: ChildProcess;
  /** SIGKILL, waited for. */
  kill: () => Promise<void>;
}

export interface Platform {
  /** Holds everything; tasks of other uids can traverse it. */
  dir: string;
  dataDir: string;
  url: string;
  apiKey: string;
  server: Program;
  runner: Program | null;
  startServer: () => Promise<void>;
  startRunner: () => Promise<void>;
  /** Calls the API with the first user's key; throws with the body when the status is not 2xx. */
  call: <T = Record<string, unknown>>(method: string, path: string, body?: unknown) => Promise<T>;
  /** Server's and runner's output so far. */
  logs: () => Promise<string>;
  /** SIGTERM to both, then removes everything, or keeps the folder to be looked into. */
  close: (options?: { keep: boolean }) => Promise<void>;
}

export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-test-'));
  await chmod(dir, 0o711);
  const dataDir = path.join(dir, 'data');
  await mkdir(dataDir, { mode: 0o700 });
  await writeFile(path.join(dataDir, 'runner-token'), randomBytes(32).toString('hex'), {
    mode: 0o600,
  });
  const logFile = path.join(dir, 'log');
  let port = 0;

  const start = (program: string, args: readonly string[]) =>
    startProgram(program, args, { ...options, logFile });

  const platform: Platform = {
    dir,
    dataDir,
    url: '',
    apiKey: '',
    server: undefined as unknown as Program,
    runner: null,
    async startServer() {
      const { child, ready } = await start(options.serverProgram ?? SERVER, [
        '--data-dir',
        dataDir,
        '--port',
        String(port),
        ...(options.serverArgs ?? []),
      ]);
      port = Number(ready['port']);
      platform.server = programOf(child);
      platform.url = `http://127.0.0.1:${port}`;
      platform.apiKey = (await readFile(path.join(dataDir, 'api-key'), 'utf8')).trim();
    },
    async startRunner() {
      const { child } = await start(RUNNER, [
        '--server',
        platform.url,
        '--token-file',
        path.join(dataDir, 'runner-token'),
        '--work-dir',
        path.join(dir, 'runner'),
        '--name',
        'test-runner',
        ...(options.runnerArgs ?? []),
      ]);
      platform.runner = programOf(child);
    },
    call: (...call) => callerOf(platform.url, platform.apiKey)(...call),
    logs: () => readFile(logFile, 'utf8').catch(() => ''),
    async close({ keep } = { keep: false }) {
      for (const program of [platform.runner, platform.server]) {
        if (program === null) continue;
        program.process.kill('SIGTERM');
        await exited(program.process, STOP_MS);
      }
      if (!keep) await rm(dir, { recursive: true, force: true });
    },
  };
  await platform.startServer();
  if (options.runner !== false) await platform.startRunner();
  return platform;
}

/** Calls the API with a key; throws with the body when the status is not 2xx. */
export function callerOf(url: string, apiKey: string): Platform['call'] {
  return async <T>(method: string, route: string, body?: unknown): Promise<T> => {
    const response = await fetch(url + route, {
      method,
      headers: { authorization: apiKey },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
}

/** Starts a server or a runner and waits until it is ready. */
export async function startProgram(
  program: string,
  args: readonly string[],
  options: Pick<PlatformOptions, 'env' | 'nodeArgs'> & { logFile: string },
): Promise<{ child: ChildProcess; ready: Record<string, unknown> }> {
  const child = fork(program, [...args], {
    silent: true,
    // Not the flags of the test runner.
    execArgv: [...(options.nodeArgs ?? [])],
    env: { ...process.env, BYTENITE_ALLOW_PRIVATE_URLS: '1', ...options.env },
  });
  const log = createWriteStream(options.logFile, { flags: 'a' });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  return { child, ready: await readyMessage(child, options.logFile) };
}

/** `--name value` of each. */
export function flags(values: Record<string, string | number>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

export function programOf(child: ChildProcess): Program {
  return {
    process: child,
    async kill() {
      child.kill('SIGKILL');
      await exited(child, STOP_MS);
    },
  };
}

function readyMessage(child: ChildProcess, logFile: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const fail = async (why: string) => {
      child.kill('SIGKILL');
      const log = await readFile(logFile, 'utf8').catch(() => '');
      reject(new Error(`${why}\n${log.slice(-LOG_TAIL)}`));
    };
    const timer = setTimeout(() => void fail('not ready in time'), READY_MS);
    child.once('exit', (code) => void fail(`exited with ${code} before it was ready`));
    child.on('message', (message: Record<string, unknown>) => {
      if (message['ready'] !== true) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(message);
    });
  });
}

/** Waits for the end of a process; kills it when it takes too long. */
async function exited(child: ChildProcess, ms: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Waits until a job has ended, and returns it. */
export async function waitForJob(
  platform: Platform,
  jobId: string,
  timeoutMs = 60_000,
): Promise<Record<string, unknown> & { state: string }> {
  return until(timeoutMs, `job ${jobId} to end`, async () => {
    const { job } = await platform.call<{ job: Record<string, unknown> & { state: string } }>(
      'GET',
      `/v1/customer/jobs/${jobId}`,
    );
    return ['JOB_STATE_COMPLETE', 'JOB_STATE_FAILED'].includes(job.state) ? job : null;
  });
}

/** Polls a condition until it gives something, or fails with what it waited for. */
export async function until<T>(
  timeoutMs: number,
  what: string,
  probe: () => Promise<T | null>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== null) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
