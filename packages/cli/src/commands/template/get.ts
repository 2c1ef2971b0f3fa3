import type { Command } from 'commander';
import { printJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';

export function addGet(group: Command): void {
  const command = group
    .command('get')
    .description('print its JSON')
    .argument('<id>')
    .option('--json', 'accepted, as on other commands: it prints JSON anyway')
    .addHelpText('after', '\nExample:\n  bytenite template get nightly-count')
    .action(async (id: string) => {
      const client = await sessionOf(command);
      printJson(await client.text('Developer_GetTemplate', { params: { id } }));
    });
}
