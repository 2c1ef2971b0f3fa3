import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
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
