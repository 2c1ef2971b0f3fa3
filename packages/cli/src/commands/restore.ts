import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { runBackupProgram, stopSignal } from '../backup/run-backup-program.ts';
import { CliError, UsageError } from '../errors.ts';
import { findLocalPlatform } from '../platform/local-platform.ts';
import { formatBytes, plural } from '../terminal/format.ts';
import { globalOptions } from './global-options.ts';

const HELP = `
Makes a data directory from a backup. The directory must be new or empty; nothing is ever written over what is
there. Every file is checked; a backup that is damaged or was cut off restores nothing. Start the platform
there afterwards: jobs that ran go on, with the tasks that were under way run again.

The first start makes a new API key in <data-dir>/api-key; the keys that users have stay valid.

Results are kept for 48 h from the end of their job, also after a restore. To look at older ones, give them
longer before the first start: BYTENITE_RETENTION_HOURS=1000 bytenite up --data-dir DIR

Examples:
  bytenite restore /backups/monday.tar --data-dir /srv/restored
  bytenite up --data-dir /srv/restored
  gunzip -c monday.tar.gz | bytenite restore - --data-dir /srv/restored`;

interface Summary {
  createdAt: string;
  files: number;
  bytes: number;
  neededMasterKey: string | null;
  missing: number;
  missingKeys: string[];
}

export function defineRestore(command: Command): void {
  command
    .argument('<file>', 'the backup; - for stdin')
    .addHelpText('after', HELP)
    .action(async (file: string) => restore(file, globalOptions(command).dataDir));
}

async function restore(file: string, named: string | undefined): Promise<void> {
  if (named === undefined) throw new UsageError('name the new data directory: --data-dir DIR');
  const dataDir = path.resolve(named);
  const local = await findLocalPlatform(dataDir);
  if (local !== undefined) {
    throw new CliError(`a platform is running on ${dataDir} (pid ${local.pid}, ${local.url})`, {
      fix: ['restore into a new directory: --data-dir DIR'],
    });
  }
  if (file !== '-' && !existsSync(file)) throw new CliError(`there is no ${file}`);
  const summary = await runBackupProgram<Summary>({
    args: ['restore', '--data-dir', dataDir, '--file', file === '-' ? file : path.resolve(file)],
    verb: 'Restoring',
    stdin: file === '-' ? 'inherit' : 'ignore',
    stdout: 'ignore',
    signal: stopSignal().signal,
  });
  report(dataDir, summary);
}

function report(dataDir: string, summary: Summary): void {
  const { createdAt, files, bytes, neededMasterKey, missing, missingKeys } = summary;
  const size = `${plural(files, 'file')}, ${formatBytes(bytes)}`;
  console.log(`Restored ${size} of ${createdAt} into ${dataDir}`);
  if (neededMasterKey !== null) {
    console.log(
      `The master key (${neededMasterKey}) was not inside, and the platform does not start without it:\n` +
        `put it into ${path.join(dataDir, 'master-key')}, or give it by BYTENITE_MASTER_KEY`,
    );
  }
  console.log(`Start it: bytenite up --data-dir ${dataDir}`);
  if (missing === 0) return;
  throw new CliError(
    `${plural(missing, 'file')} that the database names ${missing === 1 ? 'was' : 'were'} not in the backup; the jobs and components they belong to are not whole`,
    { why: missingKeys },
  );
}
