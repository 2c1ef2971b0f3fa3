/** One child process that is kept running: started anew with backoff whenever it ends unasked. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatLogLine } from './format-log-line.ts';
import { openLog } from './log-file.ts';

export type LogFormat = 'json' | 'pretty';

export interface ChildPlan {
  name: 'server' | 'runner';
  /** Path of its main module. */
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Its log also goes to stderr, in this form; undefined where it does not. */
  shown: LogFormat | undefined;
  /** The exit code that says that starting it again would not help, though it was ready once. */
  finalExit?: number;
}

/** What a child says once it serves. */
export interface ReadyMessage {
  ready: true;
  [field: string]: unknown;
}

export interface ChildEvents {
  started: (pid: number) => void;
  ready: (message: ReadyMessage) => void;
  /** It ended unasked, and is started again after the pause. */
  crashed: (how: string, pauseMs: number) => void;
  /** It ended before it ever was ready, or said so: starting it again would not help. */
  failed: (how: string) => void;
}

export interface KeptChild {
  readonly plan: ChildPlan;
  /** Pid of the process that runs now. */
  pid: () => number | undefined;
  /** SIGTERM, then SIGKILL when it takes longer than the grace; resolves when it has ended for good. */
  stop: (graceMs: number) => Promise<void>;
  /** SIGKILL, and no restart. */
  kill: () => void;
}

const BACKOFF_MS = 200;
const BACKOFF_CAP_MS = 10_000;
/** A child that ran this long was well: its next crash is a first one again. */
const HEALTHY_MS = 60_000;

export function keepRunning(plan: ChildPlan, events: ChildEvents): KeptChild {
  const stopping = new AbortController();
  let current: ChildProcess | undefined;
  let wasReady = false;

  async function run(): Promise<void> {
    let pauseMs = BACKOFF_MS;
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      current = start(plan, events, (message) => {
        wasReady = true;
        events.ready(message);
      });
      const how = await ending(current);
      if (stopping.signal.aborted) return;
      if (!wasReady || how === exitWords(plan.finalExit)) {
        events.failed(how);
        return;
      }
      if (performance.now() - startedAt > HEALTHY_MS) pauseMs = BACKOFF_MS;
      events.crashed(how, pauseMs);
      await sleep(pauseMs, undefined, stopping).catch(() => undefined);
      pauseMs = Math.min(BACKOFF_CAP_MS, pauseMs * 2);
    }
  }

  const ended = run();
  return {
    plan,
    pid: () => current?.pid,
    async stop(graceMs) {
      stopping.abort();
      current?.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(current), graceMs);
      await ended;
      clearTimeout(timer);
    },
    kill() {
      stopping.abort();
      killGroup(current);
    },
  };
}

function start(
  plan: ChildPlan,
  events: ChildEvents,
  onReady: (message: ReadyMessage) => void,
): ChildProcess {
  const log = openLog(plan.logFile);
  const output = plan.shown === undefined ? log : 'pipe';
  const child = spawn(process.execPath, [plan.program, ...plan.args], {
    env: plan.env,
    stdio: ['ignore', output, output, 'ipc'],
    // A process group of its own: Ctrl-C reaches the supervisor alone, which stops them in order.
    detached: true,
  });
  if (plan.shown !== undefined) tee(child, plan);
  closeSync(log);
  if (child.pid !== undefined) events.started(child.pid);
  child.on('message', (message) => {
    if (isReady(message)) onReady(message);
  });
  return child;
}

function tee(child: ChildProcess, { logFile, shown }: ChildPlan): void {
  const file = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  // A full disk: what is shown goes on.
  file.on('error', (error) => process.stderr.write(`${logFile}: ${error.message}\n`));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.pipe(file, { end: false });
    if (stream === null) continue;
    if (shown === 'json') stream.pipe(process.stderr, { end: false });
    else {
      createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) =>
        process.stderr.write(`${formatLogLine(line)}\n`),
      );
    }
  }
  child.once('close', () => file.end());
}

/** Resolves at the end of a child, to how it ended. */
async function ending(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return signal === null ? exitWords(code) : `signal ${signal}`;
  } catch (error) {
    // It could not be started at all.
    return (error as Error).message;
  }
}

function exitWords(code: number | null | undefined): string {
  return `exit code ${code}`;
}

function killGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

function isReady(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && 'ready' in message && !!message.ready;
}
