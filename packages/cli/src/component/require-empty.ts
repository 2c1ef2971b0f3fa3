import { readdir } from 'node:fs/promises';
import { CliError } from '../errors.ts';

/** Throws unless a folder is empty or does not exist yet. */
export async function requireEmpty(folder: string, fix: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries.length > 0) throw new CliError(`${folder} is not empty`, { fix: [fix] });
}
