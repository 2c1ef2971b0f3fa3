/** The runner as a process of its own: the built program, as `bytenite up` starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FakeServer } from './fake-server.ts';
import { makeTestDir, writeToken } from './start-runner.ts';

const MAIN = fileURLToPath(new URL('../../dist/bundle/main.js', import.meta.url));

export interface SpawnOptions {
  args?: string[];
  env?: Record<string, string>;
  /** Started by root for an ordinary user. */
  uid?: number;
  /** The folder of a runner that was killed. */
  dir?: string;
}

export interface SpawnedRunner {
  child: ChildProcess;
  pid: number;
  dir: string;
  workDir: string;
  stderr(): string;
  exited: Promise<number | null>;
  /** SIGKILL if it still lives, and its folders away. */
  dispose(): Promise<void>;
}

export async function spawnRunner(
  server: FakeServer,
  options: SpawnOptions = {},
): Promise<SpawnedRunner> {
  if (!existsSync(MAIN)) throw new Error('the runner is not built: run `npm run build` first');
  const dir = options.dir ?? makeTestDir();
  const tokenFile = writeToken(dir, server);
  const workDir = join(dir, 'work');
  mkdirSync(workDir, { recursive: true });
  const { uid } = options;
  if (uid !== undefined) for (const path of [dir, tokenFile, workDir]) chownSync(path, uid, uid);
  const flags = ['--server', server.url, '--token-file', tokenFile, '--work-dir', workDir];
  // In the process tier pids and places mean the same in the test and in the task.
  const size = ['--cpus', '2', '--memory', String(2 ** 30), '--sandbox', 'process'];
  const child = spawn(process.execPath, [MAIN, ...flags, ...size, ...(options.args ?? [])], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: '/usr/bin:/bin', ...options.env },
    cwd: '/',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new Error(`the runner ended at its start: ${stderr}`)));
  });
  await ready;
  return {
    child,
    pid: child.pid as number,
    dir,
    workDir,
    stderr: () => stderr,
    exited,
    dispose: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await exited;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
