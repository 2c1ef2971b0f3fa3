/** The command line as users run it: processes with a home of their own. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

export const ROOT = path.resolve(import.meta.dirname, '../..');
export const CLI = path.join(ROOT, 'packages/cli/bin/bytenite.js');
const RUN_MS = 60_000;
const WAIT_MS = 60_000;
const POLL_MS = 20;

export interface Home {
  dir: string;
  /** Runs a command to its end; its working directory is the home. */
  run: (args: readonly string[], options?: RunOptions) => Promise<Outcome>;
  /** The same where success is expected: fails with what it printed. Returns its stdout. */
  ok: (args: readonly string[], options?: RunOptions) => Promise<string>;
  /** Starts a command that goes on. */
  start: (args: readonly string[], env?: Record<string, string>) => Running;
  remove: () => Promise<void>;
}

interface RunOptions {
  env?: Record<string, string>;
  input?: string;
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  process: ChildProcess;
  /** All that it printed so far. */
  output: () => string;
  /** Waits until it printed something. */
  printed: (text: string | RegExp) => Promise<void>;
  /** Waits for its end; the exit code, or the signal that ended it. */
  ended: () => Promise<number | string>;
}

export async function makeHome(): Promise<Home> {
  const dir = await realpath(await mkdtemp(path.join(tmpdir(), 'bytenite-home-')));
  const envOf = (env: Record<string, string> = {}) => ({
    ...cleanEnv(),
    HOME: dir,
    BYTENITE_ALLOW_PRIVATE_URLS: '1',
    ...env,
  });
  const run = (args: readonly string[], { env, input = '' }: RunOptions = {}) =>
    runProgram(process.execPath, [CLI, ...args], { cwd: dir, env: envOf(env) }, input);
  return {
    dir,
    run,
    async ok(args, options) {
      const { code, stdout, stderr } = await run(args, options);
      if (code === 0) return stdout;
      throw new Error(`bytenite ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
    },
    start: (args, env) =>
      follow(spawn(process.execPath, [CLI, ...args], { cwd: dir, env: envOf(env) })),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Runs a program to its end, giving it its input. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
  input = '',
): Promise<Outcome> {
  const child = spawn(program, args, {
    timeout: RUN_MS,
    ...options,
    stdio: 'pipe',
    killSignal: 'SIGKILL',
  });
  child.stdin.on('error', () => undefined); // a program that ends before it has read everything
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** Nothing of the machine's own bytenite, and no colours. */
function cleanEnv(): Record<string, string> {
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('BYTENITE_'));
  return { ...(Object.fromEntries(env) as Record<string, string>), NO_COLOR: '1' };
}

function follow(child: ChildProcess): Running {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => (output += part));
  }
  const exit = once(child, 'close') as Promise<[number | null, string | null]>;
  const running: Running = {
    process: child,
    output: () => output,
    printed: (wanted) =>
      waitFor(
        `${wanted} in the output`,
        () => (typeof wanted === 'string' ? output.includes(wanted) : wanted.test(output)),
        running.output,
      ),
    async ended() {
      const [code, signal] = await exit;
      return code ?? signal ?? '';
    },
  };
  return running;
}

/** Waits until `look` is true. */
export async function waitFor(
  what: string,
  look: () => boolean | Promise<boolean>,
  explain: () => string = () => '',
): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}\n${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export interface Up extends Running {
  url: string;
  /** Where its runner works. */
  workDirs: readonly string[];
  /** SIGTERM, waited for; removes what the runner keeps outside of the home. Returns the exit code. */
  stop: () => Promise<number | string>;
}

/** `bytenite up` on a free port, ready. */
export async function startUp(
  home: Home,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Up> {
  const running = home.start(['up', '--port', '0', ...args], env);
  await Promise.race([running.printed('Ctrl-C stops it'), failAtEnd(running)]);
  const url = /running at (\S+)/.exec(running.output())?.[1] ?? '';
  const workDirs = childrenOf(running).flatMap((pid) => workDirOf(pid) ?? []);
  return {
    ...running,
    url,
    workDirs,
    async stop() {
      running.process.kill('SIGTERM');
      const ending = await running.ended();
      for (const dir of workDirs) await rm(dir, { recursive: true, force: true });
      return ending;
    },
  };
}

async function failAtEnd(running: Running): Promise<void> {
  const ending = await running.ended();
  throw new Error(`up ended (${ending})\n${running.output()}`);
}

/** Pids of a process's children. */
export function childrenOf({ process: { pid } }: Running): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const stat = readIfThere(`/proc/${name}/stat`);
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    return Number(parent) === pid ? [Number(name)] : [];
  });
}

export function commandOf(pid: number): string[] {
  return readIfThere(`/proc/${pid}/cmdline`).split('\0');
}

function workDirOf(pid: number): string | undefined {
  const command = commandOf(pid);
  const place = command.indexOf('--work-dir');
  return place < 0 ? undefined : command[place + 1];
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
