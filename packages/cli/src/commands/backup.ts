import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { RemoteError, type Client } from '@bytenite/client';
import type { Command } from 'commander';
import { runBackupProgram, stopSignal } from '../backup/run-backup-program.ts';
import { CliError, UsageError } from '../errors.ts';
import { defaultDataDir } from '../platform/folders.ts';
import {
  findLocalPlatform,
  readLocalApiKey,
  type LocalPlatform,
} from '../platform/local-platform.ts';
import { patientFetch } from '../platform/patient-fetch.ts';
import type { GlobalOptions } from '../platform/find-platform.ts';
import { openSession } from '../platform/session.ts';
import { formatBytes, plural } from '../terminal/format.ts';
import { globalOptions } from './global-options.ts';

const HELP = `
One file with everything of a platform on this machine: database, packages, data, results, logs. It may run
meanwhile; what the backup holds is its state at one moment. FILE is a new file, a folder to put one in, or -
for stdout. Without FILE it is made here.

THE MASTER KEY IS INSIDE unless you say --without-master-key: whoever has the file can open every secret
stored on the platform, and read everybody's data. Keep it like a password, or leave the key out and keep
<data-dir>/master-key safe elsewhere: without that key nobody opens the secrets again, ever. A key from
BYTENITE_MASTER_KEY is never inside. API keys are inside as digests only: they go on working after a restore.

Examples:
  bytenite backup /backups
  bytenite backup /backups/monday.tar --data-dir /srv/bytenite
  bytenite backup --without-master-key - | gzip > monday.tar.gz`;

/** The server keeps what it holds for ten minutes after the last renewal. */
const RENEW_MS = 60_000;
/** A snapshot is a copy of the whole database. */
const SNAPSHOT_MS = 3_600_000;

interface Options extends GlobalOptions {
  /** Commander's form of --without-master-key. */
  withoutMasterKey?: true;
}

interface Summary {
  files: number;
  bytes: number;
  masterKey: 'included' | 'left out' | 'not there' | 'not needed';
  missing: number;
  missingKeys: string[];
}

export function defineBackup(command: Command): void {
  command
    .argument('[file]', 'new file, folder, or - for stdout')
    .option('--without-master-key', 'leave out the key that opens the secrets')
    .addHelpText('after', HELP)
    .action(async (target: string | undefined) => {
      const options = command.optsWithGlobals<Options>();
      await backUp(target, options, globalOptions(command));
    });
}

async function backUp(
  target: string | undefined,
  { withoutMasterKey }: Options,
  options: GlobalOptions,
): Promise<void> {
  const file = outputOf(target);
  const named = options.dataDir ?? (process.env['BYTENITE_DATA_DIR'] || undefined);
  const local = await findLocalPlatform(named);
  const dataDir = local?.dataDir ?? path.resolve(named ?? defaultDataDir());
  const isRunning = local !== undefined || options.url !== undefined;
  if (!isRunning && !existsSync(path.join(dataDir, 'bytenite.db'))) {
    throw new CliError(`${dataDir} holds no platform`, {
      fix: ['name its data directory: --data-dir DIR, on the machine and as the user that runs it'],
    });
  }
  const stop = stopSignal();
  const write = (snapshot?: string) =>
    runBackupProgram<Summary>({
      args: [
        'write',
        '--data-dir',
        dataDir,
        '--file',
        file,
        ...(snapshot === undefined ? [] : ['--snapshot', snapshot]),
        ...(withoutMasterKey ? ['--without-master-key'] : []),
      ],
      verb: 'Backing up',
      stdin: 'ignore',
      stdout: file === '-' ? 'inherit' : 'ignore',
      signal: stop.signal,
    });
  const summary = isRunning
    ? await withSnapshot(await sessionWith(options, local), dataDir, stop, write)
    : await write();
  report(file, dataDir, summary);
}

/** With the platform whose data it is, whatever else this user is signed in to. */
async function sessionWith(
  options: GlobalOptions,
  local: LocalPlatform | undefined,
): Promise<Client> {
  const patient = { fetch: patientFetch };
  if (local === undefined || options.url !== undefined) return openSession(options, patient);
  const apiKey = options.apiKey ?? (await readLocalApiKey(local));
  const there = { ...options, url: local.url, ...(apiKey !== undefined && { apiKey }) };
  return openSession(there, patient);
}

/** Where the backup goes; refuses what is there already. */
function outputOf(target: string | undefined): string {
  if (target === '-') {
    if (process.stdout.isTTY) throw new UsageError('a backup is no text for a terminal: pipe it');
    return target;
  }
  const place = path.resolve(target ?? '.');
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const file = isFolder ? path.join(place, `bytenite-${time}.tar`) : place;
  if (existsSync(file)) {
    throw new CliError(`${file} is there already`, { fix: ['name a new file, or a folder'] });
  }
  if (!existsSync(path.dirname(file))) {
    throw new CliError(`${path.dirname(file)} is not there`, { fix: ['make it, or name another'] });
  }
  return file;
}

/** A running server makes the snapshot and deletes nothing until it is told that all is copied. */
async function withSnapshot<T>(
  client: Client,
  dataDir: string,
  stop: AbortController,
  write: (snapshot: string) => Promise<T>,
): Promise<T> {
  const limits = { timeoutMs: SNAPSHOT_MS, signal: stop.signal };
  const { id, file } = await client.call('Auth_BeginBackup', {}, limits);
  let lost: unknown;
  const renewal = setInterval(() => {
    client.call('Auth_RenewBackup', { params: { id } }).catch((error: unknown) => {
      if (!(error instanceof RemoteError) || error.kind !== 'NOT_FOUND') return; // the next one may succeed
      lost = error;
      stop.abort();
    });
  }, RENEW_MS);
  try {
    const snapshot = path.join(dataDir, file);
    if (!existsSync(snapshot)) {
      throw new CliError(`the platform does not keep its data in ${dataDir}`, {
        fix: ['name its data directory, on its own machine: --data-dir DIR'],
      });
    }
    return await write(snapshot);
  } catch (error) {
    if (lost === undefined) throw error;
    throw new CliError('the platform gave up this backup: it was restarted, or another was begun', {
      fix: ['begin again'],
    });
  } finally {
    clearInterval(renewal);
    await client.call('Auth_EndBackup', { params: { id } }).catch(() => undefined);
  }
}

function report(file: string, dataDir: string, summary: Summary): void {
  const { files, bytes, masterKey, missing, missingKeys } = summary;
  const words = {
    included: 'The master key is inside: whoever has this file can open all secrets.',
    'left out': `The master key is NOT inside: keep ${path.join(dataDir, 'master-key')} safe elsewhere.`,
    'not there':
      'The master key is NOT inside: it comes from BYTENITE_MASTER_KEY. Keep that key safe elsewhere.',
    'not needed': 'No secrets were ever stored, so there is no master key.',
  };
  const size = `${plural(files, 'file')}, ${formatBytes(bytes)}`;
  // stdout may be the backup itself.
  process.stderr.write(`Backed up ${size} to ${file === '-' ? 'stdout' : file}\n`);
  process.stderr.write(`${words[masterKey]}\n`);
  if (missing === 0) return;
  throw new CliError(
    `the backup is whole as far as can be, but ${plural(missing, 'file')} that the database names ${missing === 1 ? 'is' : 'are'} missing in ${dataDir}/blobs`,
    { why: missingKeys },
  );
}
