import type { App, Engine } from '@bytenite/contract';
import type { Command } from 'commander';
import { componentCalls, type Kind } from '../../component/calls.ts';
import { formatTime } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import type { Column } from '../../terminal/table.ts';
import { sessionOf } from '../global-options.ts';
import { limitOption } from '../limit-option.ts';

interface Options {
  limit: number;
  public?: true;
  json?: true;
}

export function addList(group: Command, kind: Kind): void {
  const command = group
    .command('list')
    .description(`list your ${kind}s, one line per name and version`)
    .addOption(limitOption(100))
    .option('--public', 'those that all accounts share')
    .option('--json', 'print the objects')
    .addHelpText('after', `\nExample:\n  bytenite ${kind} list`)
    .action(async (options: Options) => list(command, kind, options));
}

async function list(command: Command, kind: Kind, options: Options): Promise<void> {
  const calls = componentCalls(await sessionOf(command), kind);
  const query = { limit: options.limit, ...(options.public && { isPublic: true }) };
  if (options.json) {
    printJson(fieldText(await calls.listText(query), `${kind}s`));
    return;
  }
  const { items, pagination } = await calls.list(query);
  printList({
    columns: kind === 'app' ? COLUMNS : ENGINE_COLUMNS,
    rows: items.map(toRow),
    total: pagination.total,
    empty: options.public
      ? `No public ${kind}s.`
      : `No ${kind}s yet. Make one: bytenite ${kind} new my-${kind}`,
  });
}

const COLUMNS: Column[] = [
  { title: 'NAME', flexible: true },
  { title: 'VERSION' },
  { title: 'STATUS' },
  { title: 'UPDATED' },
];
const ENGINE_COLUMNS: Column[] = [...COLUMNS, { title: 'TYPE' }];

function toRow(item: App | Engine): string[] {
  const row = [item.name, item.version, item.status, formatTime(item.updatedAt)];
  return 'type' in item ? [...row, item.type] : row;
}
