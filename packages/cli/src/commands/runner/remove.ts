import type { Command } from 'commander';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';
import { findRunner } from './find-runner.ts';

export function addRemove(group: Command): void {
  const command = group
    .command('remove')
    .description('forget a runner that is gone, and that it was drained (administrators)')
    .argument('<runner>', 'its id or its name, as `runner list` shows them')
    .addHelpText('after', '\nExample:\n  bytenite runner remove big-one')
    .action(async (name: string) => {
      const client = await sessionOf(command);
      const id = await findRunner(client, name);
      await client.call('Auth_RemoveRunner', { params: { id } });
      console.log(`Removed runner ${printable(id)}`);
    });
}
