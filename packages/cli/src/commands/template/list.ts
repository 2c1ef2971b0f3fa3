import type { Command } from 'commander';
import { formatTime } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';
import { limitOption } from '../limit-option.ts';

interface Options {
  limit: number;
  public?: true;
  json?: true;
}

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list your templates')
    .addOption(limitOption(100))
    .option('--public', 'those that all accounts share')
    .option('--json', 'print the objects')
    .addHelpText('after', '\nExample:\n  bytenite template list')
    .action(async (options: Options) => list(command, options));
}

async function list(command: Command, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const query = { limit: options.limit, ...(options.public && { isPublic: true }) };
  if (options.json) {
    printJson(fieldText(await client.text('Developer_ListTemplates', { query }), 'templates'));
    return;
  }
  const { templates, pagination } = await client.call('Developer_ListTemplates', { query });
  printList({
    columns: [
      { title: 'ID' },
      { title: 'APP', flexible: true },
      { title: 'PARTITIONER', flexible: true },
      { title: 'ASSEMBLER', flexible: true },
      { title: 'UPDATED' },
      { title: 'DESCRIPTION', flexible: true },
    ],
    rows: templates.map((template) => [
      template.id,
      template.app,
      template.partitioner,
      template.assembler,
      formatTime(template.updatedAt),
      template.description,
    ]),
    total: pagination.total,
    empty: options.public
      ? 'No public templates.'
      : 'No templates yet. Make one: bytenite template new my-template',
  });
}
