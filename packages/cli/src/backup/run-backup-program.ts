/** The program that writes and restores backups, as a child: its progress on a terminal, its end as a value. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CliError, Interrupted } from '../errors.ts';
import { programOf } from '../supervisor/programs.ts';
import { formatBytes, plural } from '../terminal/format.ts';

interface Message<T> {
  progress?: { files: number; bytes: number };
  done?: T;
  failed?: { message: string; fix: string[] };
}

export interface ProgramOptions {
  args: readonly string[];
  /** What it is doing, as the line of its progress says. */
  verb: string;
  /** Where its own stdin and stdout lead, for a backup that is piped. */
  stdin: 'inherit' | 'ignore';
  stdout: 'inherit' | 'ignore';
  /** Ends it, and what it has written so far. */
  signal: AbortSignal;
}

export async function runBackupProgram<T>(options: ProgramOptions): Promise<T> {
  const { args, verb, stdin, stdout, signal } = options;
  const child = spawn(process.execPath, [programOf('@bytenite/server/backup'), ...args], {
    stdio: [stdin, stdout, 'inherit', 'ipc'],
    // Ctrl-C comes to it through the signal alone, after which it removes what it has begun.
    detached: true,
  });
  let last: Message<T> = {};
  child.on('message', (message: Message<T>) => {
    if (message.progress === undefined) last = message;
    else showProgress(verb, message.progress);
  });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  // Its last message may come after its end.
  const [[code, how]] = await Promise.all([
    once(child, 'exit') as Promise<[number | null, string | null]>,
    once(child, 'disconnect'),
  ]);
  signal.removeEventListener('abort', stop);
  clearProgress();
  if (last.done !== undefined) return last.done;
  if (signal.aborted) throw new Interrupted();
  const { message, fix } = last.failed ?? {
    message: `the program ended (${how ?? code})`,
    fix: [],
  };
  throw new CliError(message, { fix });
}

function showProgress(verb: string, { files, bytes }: { files: number; bytes: number }): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${verb} ${plural(files, 'file')}, ${formatBytes(bytes)} ...`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

/** Aborts at Ctrl-C, or when the command is asked to end. */
export function stopSignal(): AbortController {
  const stop = new AbortController();
  for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(event, () => stop.abort());
  }
  return stop;
}
