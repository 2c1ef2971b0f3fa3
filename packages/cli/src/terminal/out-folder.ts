import { statSync } from 'node:fs';
import { CliError } from '../errors.ts';
import { makeFolders } from '../platform/make-folders.ts';

/** Makes the folder that `--out` names, or says why it cannot be one. */
export function openOutFolder(folder: string): void {
  try {
    makeFolders(folder);
  } catch (error) {
    throw refused(folder, `it cannot be made: ${(error as Error).message}`);
  }
  if (!statSync(folder).isDirectory()) throw refused(folder, 'it is a file');
}

function refused(folder: string, why: string): CliError {
  return new CliError(`--out ${folder} is no folder to write to`, {
    why: [why],
    fix: ['name a folder, or one that can be made: --out results'],
  });
}
