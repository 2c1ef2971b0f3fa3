/**
 * `up`: a server and a runner as child processes under one supervisor, which knows them by their IPC
 * channel alone. They end by themselves when that channel closes, so they never outlive the supervisor.
 *
 * Starting: data directory, lock, port; then both children at once. Running: whoever ends is started
 * again. Stopping: the runner first, so that it gives its leases back, then the server.
 */
import path from 'node:path';
import { announcePlatform, withdrawPlatform } from '../platform/local-platform.ts';
import type { ChildPlan, LogFormat, ReadyMessage } from './child.ts';
import { ensureRunnerToken, openDataDir } from './data-dir.ts';
import { acquireLock } from './lock.ts';
import { openLogger, rotateLog } from './log-file.ts';
import { localUrl, reservePort } from './port.ts';
import { runChildren, type StopSignals } from './run-children.ts';
import { clearWorkDir, openWorkDir, sweepWorkDirs } from './work-dir.ts';

export interface UpOptions {
  dataDir: string;
  host: string;
  port: number;
  /** Arguments as the server and the runner take them. */
  serverArgs: readonly string[];
  /** Undefined: no runner. */
  runnerArgs: readonly string[] | undefined;
  /** How the logs are shown on stderr; undefined: they are not. */
  shown: LogFormat | undefined;
  /** The least level of what is logged; undefined leaves it to the environment. */
  logLevel: string | undefined;
  programs: { server: string; runner: string };
}

export interface UpEvents {
  /** Every child serves; called once. */
  ready: (
    url: string,
    messages: { server: ReadyMessage; runner: ReadyMessage | undefined },
  ) => void;
  /** Something to tell while it runs. */
  notice: (text: string) => void;
}

/** Runs a platform until `stop` aborts; rejects when it cannot start. */
export async function supervise(
  options: UpOptions,
  events: UpEvents,
  { stop, force }: StopSignals,
): Promise<void> {
  openDataDir(options.dataDir);
  const lock = await acquireLock(options.dataDir);
  try {
    const { dataDir, logLevel } = options;
    const log = openLogger(path.join(dataDir, 'logs', 'up.log'), 'up', logLevel);
    await sweepWorkDirs();
    const port = await reservePort(options.host, options.port);
    const plans = planChildren(options, port);
    for (const { logFile } of plans) rotateLog(logFile);
    const url = localUrl(options.host, port);
    await runChildren(plans, {
      lock,
      log,
      onReady: (messages) => becomeReady(url, { options, events }, messages),
      notice: events.notice,
      stop,
      force,
    });
  } finally {
    await withdrawPlatform(options.dataDir);
    await clearWorkDir(options.dataDir);
    lock.release();
  }
}

function planChildren(options: UpOptions, port: number): ChildPlan[] {
  const { dataDir, host, programs, shown, logLevel } = options;
  const logArgs = logLevel === undefined ? [] : ['--log-level', logLevel];
  const tokenFile = ensureRunnerToken(dataDir);
  const logFile = (name: string) => path.join(dataDir, 'logs', `${name}.log`);
  const server: ChildPlan = {
    name: 'server',
    program: programs.server,
    args: [
      '--data-dir',
      dataDir,
      '--host',
      host,
      '--port',
      String(port),
      ...logArgs,
      ...options.serverArgs,
    ],
    env: process.env,
    logFile: logFile('server'),
    shown,
  };
  if (options.runnerArgs === undefined) return [server];
  // Keys are the server's business; the runner starts the users' code.
  const { BYTENITE_API_KEY: _apiKey, BYTENITE_MASTER_KEY: _masterKey, ...env } = process.env;
  const url = localUrl(host, port);
  const placeArgs = [
    '--server',
    url,
    '--token-file',
    tokenFile,
    '--work-dir',
    openWorkDir(dataDir),
  ];
  const runner: ChildPlan = {
    name: 'runner',
    program: programs.runner,
    args: [...placeArgs, '--name', 'local', ...logArgs, ...options.runnerArgs],
    env,
    logFile: logFile('runner'),
    shown,
  };
  return [server, runner];
}

async function becomeReady(
  url: string,
  { options, events }: { options: UpOptions; events: UpEvents },
  messages: ReadonlyMap<string, ReadyMessage>,
): Promise<void> {
  const startedAt = new Date().toISOString();
  await announcePlatform({ dataDir: options.dataDir, pid: process.pid, url, startedAt });
  const server = messages.get('server') ?? { ready: true };
  events.ready(url, { server, runner: messages.get('runner') });
}
