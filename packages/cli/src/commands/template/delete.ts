import type { Command } from 'commander';
import { confirm } from '../../terminal/confirm.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('delete a template; jobs made from it stay')
    .argument('<id>')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  bytenite template delete nightly-count')
    .action(async (id: string, options: { yes?: true }) => {
      await confirm(`Delete template ${printable(id)}?`, options.yes);
      const client = await sessionOf(command);
      await client.call('Developer_DeleteTemplate', { params: { id } });
      console.log(`Deleted template ${printable(id)}`);
    });
}
