import type { Command } from 'commander';
import { confirm } from '../../terminal/confirm.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';
import { addSharedOption, cacheWords, scopeOf, type SharedOption } from './shared-option.ts';

interface Options extends SharedOption {
  yes?: true;
}

const HELP = `
A folder goes with its contents, and so does what tasks have left below it on the runners. / is everything.

Examples:
  bytenite cache delete models/tiny.bin
  bytenite cache delete / --yes`;

export function addDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('remove a file or folder from a cache')
    .argument('<path>', 'a file or folder of it')
    .option('--yes', 'do not ask')
    .addHelpText('after', HELP);
  addSharedOption(command, 'from the cache that the tasks of all read (administrators)').action(
    async (path: string, options: Options) => {
      const client = await sessionOf(command);
      await confirm(`Delete ${printable(path)} from ${cacheWords(options)}?`, options.yes);
      await client.cache.delete(path, { scope: scopeOf(options) });
      console.log(`Deleted ${printable(path)} from ${cacheWords(options)}`);
    },
  );
}
