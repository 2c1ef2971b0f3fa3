import type { Command } from 'commander';
import { componentCalls, type Kind } from '../../component/calls.ts';
import { resolveTag } from '../../component/resolve-tag.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

/** `activate` and `deactivate`. */
export function addSwitches(group: Command, kind: Kind): void {
  const activate = withTag(group.command('activate'), kind)
    .description('let jobs use the newest revision')
    .action(async (given: string | undefined) => {
      const tag = await resolveTag(given);
      await componentCalls(await sessionOf(activate), kind).activate(tag);
      console.log(`${printable(tag)} is active: jobs can use it`);
    });
  const deactivate = withTag(group.command('deactivate'), kind)
    .description('keep new jobs from using a version; running ones go on')
    .action(async (given: string | undefined) => {
      const tag = await resolveTag(given);
      await componentCalls(await sessionOf(deactivate), kind).deactivate(tag);
      console.log(`${printable(tag)} is inactive: new jobs cannot use it`);
    });
}

function withTag(command: Command, kind: Kind): Command {
  const name = command.name();
  return command
    .argument('[tag]', 'name or name@version, or a folder; default: the current folder')
    .addHelpText(
      'after',
      `\nExamples:\n  bytenite ${kind} ${name} my-${kind}@0.1\n  bytenite ${kind} ${name} ./my-${kind}`,
    );
}
