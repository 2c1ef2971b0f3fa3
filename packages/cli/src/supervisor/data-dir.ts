import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../errors.ts';
import { makeFolders } from '../platform/make-folders.ts';

/** Makes the data directory, for its owner's eyes only. */
export function openDataDir(dataDir: string): void {
  try {
    makeFolders(path.join(dataDir, 'logs'), 0o700);
    chmodSync(dataDir, 0o700);
  } catch (error) {
    throw new CliError(`the data directory cannot be used: ${(error as Error).message}`, {
      fix: ['name another one: bytenite up --data-dir DIR'],
    });
  }
}

const TOKEN_BYTES = 32;

/** The file with which the runner shows the server that it is ours; made at the first start. */
export function ensureRunnerToken(dataDir: string): string {
  const file = path.join(dataDir, 'runner-token');
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  try {
    writeFileSync(file, `${token}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return file;
}

const PASSABLE = 0o711;

/**
 * Where the runner works. Started as root, tasks run as other users, who must be able to pass through all
 * the folders above theirs: the data directory is closed to them, so the work lies outside of it.
 */
export function openWorkDir(dataDir: string): string {
  if (process.getuid?.() !== 0) return path.join(dataDir, 'runner');
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const dir = `/var/tmp/bytenite-${id}`;
  mkdirSync(dir, { recursive: true, mode: PASSABLE });
  // Everybody can make files in /var/tmp: what lies there may be someone else's trap.
  const found = lstatSync(dir);
  if (!found.isDirectory() || found.uid !== 0) {
    throw new CliError(`${dir} belongs to someone else, so the runner does not work in it`, {
      fix: ['look at it and remove it, or name another data directory: bytenite up --data-dir DIR'],
    });
  }
  chmodSync(dir, PASSABLE);
  return dir;
}
