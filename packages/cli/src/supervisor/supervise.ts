/**
 * `up`: a server and a runner as child processes under one supervisor, which knows them by their IPC
 * channel alone. They end by themselves when that channel closes, so they never outlive the supervisor.
 *
 * Starting: data directory, lock, port; then both children at once. Running: whoever ends is started
 * again. Stopping: the runner first, so that it gives its leases back, then the server.
 */
import path from 'node:path';
import { pino, type Logger } from 'pino';
import { CliError } from '../errors.ts';
import { announcePlatform, withdrawPlatform } from '../platform/local-platform.ts';
import {
  keepRunning,
  type ChildPlan,
  type KeptChild,
  type LogFormat,
  type ReadyMessage,
} from './child.ts';
import { ensureRunnerToken, openDataDir } from './data-dir.ts';
import { acquireLock, type Lock } from './lock.ts';
import { boundLog, rotateLog, tailOf } from './log-file.ts';
import { localUrl, reservePort } from './port.ts';
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

export interface StopSignals {
  /** Shut down in order. */
  stop: AbortSignal;
  /** No patience left: kill. */
  force: AbortSignal;
}

const RUNNER_GRACE_MS = 12_000;
const SERVER_GRACE_MS = 10_000;
const LOG_CHECK_MS = 60_000;
const TAIL_LINES = 8;

/** Runs a platform until `stop` aborts; rejects when it cannot start. */
export async function supervise(
  options: UpOptions,
  events: UpEvents,
  { stop, force }: StopSignals,
): Promise<void> {
  openDataDir(options.dataDir);
  const lock = await acquireLock(options.dataDir);
  try {
    const log = openLogger(options);
    await sweepWorkDirs();
    const port = await reservePort(options.host, options.port);
    const plans = planChildren(options, port);
    for (const { logFile } of plans) rotateLog(logFile);
    await runChildren(plans, {
      url: localUrl(options.host, port),
      lock,
      log,
      options,
      events,
      stop,
      force,
    });
  } finally {
    await withdrawPlatform(options.dataDir);
    await clearWorkDir(options.dataDir);
    lock.release();
  }
}

/** What the log keeps in memory while the disk is full. */
const HELD_LOG_BYTES = 1024 * 1024;

/** What the supervisor did, beside the logs of its children. A full disk stops no platform. */
function openLogger({ dataDir, logLevel }: UpOptions): Logger {
  const file = path.join(dataDir, 'logs', 'up.log');
  rotateLog(file);
  const level = logLevel ?? (process.env['BYTENITE_LOG_LEVEL'] || 'info');
  const place = { dest: file, mode: 0o600, sync: true, maxLength: HELD_LOG_BYTES };
  const destination = pino.destination(place);
  // Written with the next line that there is room for.
  destination.on('error', () => undefined);
  return pino({ name: 'up', level }, destination);
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

interface Run extends StopSignals {
  url: string;
  lock: Lock;
  log: Logger;
  options: UpOptions;
  events: UpEvents;
}

async function runChildren(plans: readonly ChildPlan[], run: Run): Promise<void> {
  const { lock, log, events, stop, force } = run;
  const children: KeptChild[] = [];
  const noteChildren = () =>
    goOn(log, () => lock.setChildren(children.flatMap((child) => child.pid() ?? [])));
  const messages = new Map<string, ReadyMessage>();
  let isReady = false;
  const failure = await new Promise<CliError | undefined>((resolve) => {
    for (const plan of plans) {
      const child = keepRunning(plan, {
        started(pid) {
          log.info({ child: plan.name, childPid: pid }, 'started');
          queueMicrotask(noteChildren);
        },
        ready(message) {
          log.info({ child: plan.name }, 'ready');
          messages.set(plan.name, message);
          if (isReady || messages.size < plans.length) return;
          isReady = true;
          void becomeReady(run, messages).catch((error: Error) => events.notice(error.message));
        },
        crashed(how, pauseMs) {
          log.error({ child: plan.name, how, pauseMs }, 'ended unasked');
          events.notice(
            `the ${plan.name} ended (${how}); starting it again in ${pauseMs / 1000} s. Its log: ${plan.logFile}`,
          );
        },
        failed(how) {
          log.error({ child: plan.name, how }, 'did not start');
          resolve(startFailure(plan, how));
        },
      });
      children.push(child);
    }
    stop.addEventListener('abort', () => resolve(undefined), { once: true });
    if (stop.aborted) resolve(undefined);
    const timer = setInterval(
      () => goOn(log, () => plans.forEach(({ logFile }) => boundLog(logFile))),
      LOG_CHECK_MS,
    );
    timer.unref();
  });
  log.info('stopping');
  await stopChildren(children, force);
  log.info('stopped');
  if (failure !== undefined) throw failure;
}

/** What a full disk does not let happen now is left until the next time. */
function goOn(log: Logger, act: () => void): void {
  try {
    act();
  } catch (error) {
    log.error({ error: (error as Error).message }, 'a file of the platform could not be written');
  }
}

async function becomeReady(
  { url, options, events }: Run,
  messages: ReadonlyMap<string, ReadyMessage>,
): Promise<void> {
  const startedAt = new Date().toISOString();
  await announcePlatform({ dataDir: options.dataDir, pid: process.pid, url, startedAt });
  const server = messages.get('server') ?? { ready: true };
  events.ready(url, { server, runner: messages.get('runner') });
}

/** In order: a runner that ends first gives its leases back while there is a server to take them. */
async function stopChildren(children: readonly KeptChild[], force: AbortSignal): Promise<void> {
  const killAll = () => children.forEach((child) => child.kill());
  force.addEventListener('abort', killAll);
  if (force.aborted) killAll();
  for (const child of children.toReversed()) {
    await child.stop(child.plan.name === 'runner' ? RUNNER_GRACE_MS : SERVER_GRACE_MS);
  }
  force.removeEventListener('abort', killAll);
}

function startFailure(plan: ChildPlan, how: string): CliError {
  return new CliError(`the ${plan.name} did not start (${how})`, {
    why: tailOf(plan.logFile, TAIL_LINES),
    fix: [`its whole log: ${plan.logFile}`],
  });
}
