import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileInput } from '@bytenite/client/node';
import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import { untilInterrupted } from '../../job/interrupt.ts';
import { printable } from '../../terminal/escape.ts';
import { showTransfer } from '../../terminal/transfer.ts';
import { sessionOf } from '../global-options.ts';
import { addSharedOption, cacheWords, scopeOf, type SharedOption } from './shared-option.ts';

const HELP = `
Tasks that begin from then on find it below USER_CACHE_DIR, or below SHARED_CACHE_DIR with --shared. A file of
the same path is replaced.

Examples:
  bytenite cache put weights.bin
  bytenite cache put weights.bin models/tiny.bin
  bytenite cache put weights.bin models/ --shared`;

export function addPut(group: Command): void {
  const command = group
    .command('put')
    .description('put a file into a cache, for tasks to read')
    .argument('<file>', 'the file')
    .argument(
      '[path]',
      "its path in the cache; one that ends in / is a folder (else the file's name)",
    )
    .addHelpText('after', HELP);
  addSharedOption(command, 'into the cache that the tasks of all read (administrators)').action(
    async (file: string, path: string | undefined, options: SharedOption) => {
      await requireFile(file);
      const place = placeOf(file, path);
      const client = await sessionOf(command);
      const input = await fileInput(file);
      const scope = scopeOf(options);
      await untilInterrupted((signal) =>
        showTransfer('uploading', (onProgress) =>
          client.cache.put(place, input, { scope, signal, onProgress }),
        ),
      );
      console.log(`Put ${printable(place)} into ${cacheWords(options)}`);
    },
  );
}

function placeOf(file: string, path: string | undefined): string {
  if (path === undefined || path === '' || path === '/') return basename(file);
  return path.endsWith('/') ? path + basename(file) : path;
}

async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch((error: Error) => {
    throw new CliError(`${file} cannot be read: ${error.message}`);
  });
  if (found.isFile()) return;
  throw new CliError(`${file} is not a file`, { fix: ['put its files one by one'] });
}
