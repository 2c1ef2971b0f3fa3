import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CliError, UsageError } from '../../errors.ts';
import { askHidden } from '../../terminal/ask-hidden.ts';

/**
 * The secret key, from a file, from stdin (`-`) or typed on a terminal. It is no option of its own: a command
 * line is seen by other users and kept in the shell's history.
 */
export async function readSecretKey(file: string | undefined): Promise<string> {
  const key = await readFrom(file);
  if (key !== '') return key;
  throw new CliError('the secret key is empty');
}

async function readFrom(file: string | undefined): Promise<string> {
  if (file === '-') return withoutLineEnd(await text(process.stdin));
  if (file !== undefined) return withoutLineEnd(await readKeyFile(file));
  if (process.stdin.isTTY) return askHidden('Secret key (not shown): ');
  throw new UsageError('there is no terminal to ask for the secret key on', {
    fix: ['read it from stdin: --secret-key-file -', 'or from a file: --secret-key-file FILE'],
  });
}

async function readKeyFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`--secret-key-file ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Editors and `echo` end a file with one; a key of several lines keeps the others. */
function withoutLineEnd(key: string): string {
  return key.replace(/\r?\n$/, '');
}
