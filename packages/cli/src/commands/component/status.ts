import type { Command } from 'commander';
import { componentCalls, type Kind } from '../../component/calls.ts';
import { resolveTag } from '../../component/resolve-tag.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addStatus(group: Command, kind: Kind): void {
  const command = group
    .command('status')
    .description('say whether it is active')
    .argument('[tag]', 'name or name@version, or a folder; default: the current folder')
    .option('--json', 'print it as JSON')
    .addHelpText('after', `\nExample:\n  bytenite ${kind} status my-${kind}`)
    .action(async (given: string | undefined, options: { json?: true }) => {
      const tag = await resolveTag(given);
      const status = await componentCalls(await sessionOf(command), kind).status(tag);
      console.log(options.json ? JSON.stringify({ tag, status }) : printable(status));
    });
}
