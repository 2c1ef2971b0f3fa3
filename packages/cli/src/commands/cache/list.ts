import type { Command } from 'commander';
import { formatBytes } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';
import { addSharedOption, cacheWords, scopeOf, type SharedOption } from './shared-option.ts';

interface Options extends SharedOption {
  json?: true;
}

const HELP = `
Your cache shows what you have put there, and what your tasks have left on the runners, as these told last.

Examples:
  bytenite cache list
  bytenite cache list models --shared`;

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list one level of a cache')
    .argument('[path]', 'a folder of it (else the uppermost)')
    .option('--json', 'print the object')
    .addHelpText('after', HELP);
  addSharedOption(command, 'the cache that the tasks of all read').action(
    async (path = '', options: Options) => {
      const client = await sessionOf(command);
      const query = { path, scope: scopeOf(options) };
      if (options.json) {
        printJson(await client.text('Developer_ListCache', { query }));
        return;
      }
      const { directories, files } = await client.cache.list(path, query);
      const rows: string[][] = [
        ...directories.map((folder) => [folder.path, '-']),
        ...files.map((file) => [file.path, formatBytes(Number(file.size))]),
      ];
      printList({
        columns: [{ title: 'PATH', flexible: true }, { title: 'SIZE' }],
        rows,
        total: rows.length,
        empty: `There is nothing in ${cacheWords(options)}. Put something there: bytenite cache put FILE`,
      });
    },
  );
}
