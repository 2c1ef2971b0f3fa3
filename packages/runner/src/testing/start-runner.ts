/** A runner in this process, against a fake server, in folders of its own. */
import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readConfig, type RunnerConfig } from '../config.ts';
import { Runner } from '../runner.ts';
import type { FakeServer } from './fake-server.ts';

export interface TestRunner {
  workDir: string;
  tokenFile: string;
  /** Drains; rejects when the runner failed. */
  stop(): Promise<void>;
}

/** A folder that tasks of other users can pass through; removed by the caller's `stop`. */
export function makeTestDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bytenite-runner-'));
  chmodSync(dir, 0o711);
  return dir;
}

export function writeToken(dir: string, server: FakeServer): string {
  const file = join(dir, 'runner-token');
  writeFileSync(file, `${server.token}\n`, { mode: 0o600 });
  return file;
}

export async function startRunner(
  server: FakeServer,
  overrides: Partial<RunnerConfig> = {},
): Promise<TestRunner> {
  const dir = makeTestDir();
  const tokenFile = writeToken(dir, server);
  const workDir = join(dir, 'work');
  const argv = ['--server', server.url, '--token-file', tokenFile, '--work-dir', workDir];
  const config = {
    ...readConfig([...argv, '--cpus', '2', '--memory', String(2 ** 30)], process.getuid?.() === 0),
    // Pids and places mean the same in the test and in the task.
    sandbox: 'process' as const,
    ...overrides,
  };
  const log = pino({ level: process.env['RUNNER_LOG'] ?? 'silent' }, pino.destination(2));
  const shutdown = new AbortController();
  const runner = await Runner.start(config, log, shutdown.signal);
  const running = runner.run(shutdown.signal);
  return {
    workDir: config.workDir,
    tokenFile,
    stop: async () => {
      shutdown.abort();
      await running;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
