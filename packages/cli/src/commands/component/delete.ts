import type { Command } from 'commander';
import { componentCalls, type Kind } from '../../component/calls.ts';
import { confirm } from '../../terminal/confirm.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addDelete(group: Command, kind: Kind): void {
  const command = group
    .command('delete')
    .description('delete a version with all its revisions; jobs that run it end with it')
    .argument('<tag>', 'name@major.minor or id')
    .option('--yes', 'do not ask')
    .addHelpText('after', `\nExample:\n  bytenite ${kind} delete my-${kind}@0.1`)
    .action(async (tag: string, options: { yes?: true }) => {
      await confirm(`Delete ${kind} ${printable(tag)}?`, options.yes);
      const client = await sessionOf(command);
      await componentCalls(client, kind).delete(tag);
      console.log(`Deleted ${printable(tag)}`);
    });
}
