/**
 * The program that writes and restores backups: `write` or `restore`. It tells its parent how far it is and
 * how it ended, as messages.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { syncFolder } from '../blob/folder-sync.ts';
import { databaseFile } from '../store/database-file.ts';
import { lockDataDir } from '../store/process-lock.ts';
import { writeSnapshot } from '../store/snapshot.ts';
import { BackupFailure } from './failure.ts';
import { restoreBackup } from './restore-backup.ts';
import { writeBackup, type WriteSummary } from './write-backup.ts';

const PROGRESS_MS = 250;

function readArgs() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string' },
      // The backup; `-` is stdin or stdout.
      file: { type: 'string' },
      // A copy of the database that a running server made; without, no server may run.
      snapshot: { type: 'string' },
      'without-master-key': { type: 'boolean', default: false },
    },
  });
  const dataDir = values['data-dir'];
  if (dataDir === undefined || values.file === undefined) {
    throw new Error('--data-dir and --file are required');
  }
  return { ...values, dataDir: path.resolve(dataDir), file: values.file, command: positionals[0] };
}
type Args = ReturnType<typeof readArgs>;

interface Control {
  signal: AbortSignal;
  onProgress: (files: number, bytes: number) => void;
}

async function write(args: Args, control: Control): Promise<WriteSummary> {
  const masterKeyFile = args['without-master-key']
    ? null
    : path.resolve(args.dataDir, process.env['BYTENITE_MASTER_KEY_FILE'] ?? 'master-key');
  const options = { dataDir: args.dataDir, masterKeyFile, now: new Date(), ...control };
  if (args.snapshot !== undefined)
    return writeOutput(args.file, { ...options, snapshot: args.snapshot });
  const lock = lockDataDir(path.join(args.dataDir, 'server.lock'));
  const folder = path.join(args.dataDir, 'backup');
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const snapshot = path.join(folder, 'stopped.db');
    await writeSnapshot(databaseFile(args.dataDir), snapshot);
    return await writeOutput(args.file, { ...options, snapshot });
  } finally {
    await rm(folder, { recursive: true, force: true });
    lock.release();
  }
}

/** A file has its name only once it is whole. */
async function writeOutput(
  file: string,
  options: Parameters<typeof writeBackup>[1],
): Promise<WriteSummary> {
  if (file === '-') return writeBackup(process.stdout, options);
  const draft = `${file}.partial`;
  try {
    const summary = await writeBackup(
      createWriteStream(draft, { flags: 'w', mode: 0o600, flush: true }),
      options,
    );
    await rename(draft, file);
    await syncFolder(path.dirname(path.resolve(file)));
    return summary;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function restore(args: Args, control: Control) {
  const input = args.file === '-' ? process.stdin : createReadStream(args.file);
  return restoreBackup(input, { dataDir: args.dataDir, ...control });
}

/** Resolves once the parent has it, or is gone. */
function tell(message: object): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else process.send?.(message, () => resolve());
  });
}

async function main(): Promise<object> {
  process.umask(0o077);
  const args = readArgs();
  const stop = new AbortController();
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(event, () => stop.abort());
  let toldAt = 0;
  const control: Control = {
    signal: stop.signal,
    onProgress(files, bytes) {
      if (performance.now() - toldAt < PROGRESS_MS) return;
      toldAt = performance.now();
      process.send?.({ progress: { files, bytes } });
    },
  };
  return args.command === 'restore' ? restore(args, control) : write(args, control);
}

try {
  const done = await main();
  await tell({ done });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  const fix = error instanceof BackupFailure ? error.fix : [];
  if (process.send) await tell({ failed: { message, fix } });
  else process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
