/** A runner for a platform on another machine: the runner's program, kept running. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RUNNER_REFUSED_EXIT } from '@bytenite/contract';
import type { ChildPlan, LogFormat, ReadyMessage } from './child.ts';
import { openDataDir } from './data-dir.ts';
import { acquireLock } from './lock.ts';
import { openLogger, rotateLog } from './log-file.ts';
import { runChildren, type StopSignals } from './run-children.ts';
import { clearWorkDir, openWorkDir, sweepWorkDirs } from './work-dir.ts';

export interface RunnerHostOptions {
  dataDir: string;
  server: string;
  /** Undefined takes the one that the data directory keeps. */
  token: { text: string } | { file: string } | undefined;
  /** As the runner's program takes them. */
  args: readonly string[];
  shown: LogFormat | undefined;
  logLevel: string | undefined;
  program: string;
}

export interface RunnerHostEvents {
  ready: (message: ReadyMessage) => void;
  notice: (text: string) => void;
}

/** Where a token is kept once it was given. */
export function tokenFileOf(dataDir: string): string {
  return path.join(dataDir, 'runner-token');
}

export function hasToken(dataDir: string): boolean {
  return existsSync(tokenFileOf(dataDir));
}

/** Runs until `stop` aborts; rejects when the runner cannot start, or its server does not want it any more. */
export async function superviseRunner(
  options: RunnerHostOptions,
  events: RunnerHostEvents,
  signals: StopSignals,
): Promise<void> {
  const { dataDir, logLevel } = options;
  openDataDir(dataDir);
  const lock = await acquireLock(dataDir);
  try {
    const log = openLogger(path.join(dataDir, 'logs', 'supervisor.log'), 'supervisor', logLevel);
    await sweepWorkDirs();
    const plan = planRunner(options);
    rotateLog(plan.logFile);
    await runChildren([plan], {
      lock,
      log,
      onReady: async (messages) => events.ready(messages.get('runner') ?? { ready: true }),
      notice: events.notice,
      ...signals,
    });
  } finally {
    await clearWorkDir(dataDir);
    lock.release();
  }
}

function planRunner(options: RunnerHostOptions): ChildPlan {
  const { dataDir, server, args, shown, logLevel, program } = options;
  // The runner starts users' code, which has no business with keys.
  const { BYTENITE_API_KEY: _apiKey, BYTENITE_MASTER_KEY: _masterKey, ...env } = process.env;
  return {
    name: 'runner',
    program,
    args: [
      '--server',
      server,
      '--token-file',
      keepToken(options),
      '--work-dir',
      openWorkDir(dataDir),
      '--instance',
      instanceOf(dataDir),
      ...(logLevel === undefined ? [] : ['--log-level', logLevel]),
      ...args,
    ],
    env,
    logFile: path.join(dataDir, 'logs', 'runner.log'),
    shown,
    finalExit: RUNNER_REFUSED_EXIT,
  };
}

function keepToken({ dataDir, token }: RunnerHostOptions): string {
  if (token !== undefined && 'file' in token) return path.resolve(token.file);
  const file = tokenFileOf(dataDir);
  if (token !== undefined) writeFileSync(file, `${token.text}\n`, { mode: 0o600 });
  return file;
}

const INSTANCE_BYTES = 16;

/** Made at the first start: by it the platform tells this place from another that has the same name. */
function instanceOf(dataDir: string): string {
  const file = path.join(dataDir, 'runner-instance');
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(INSTANCE_BYTES).toString('base64url')}\n`, { mode: 0o600 });
  }
  return readFileSync(file, 'utf8').trim();
}
