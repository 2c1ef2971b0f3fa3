import type { Command } from 'commander';
import { componentCalls, type Kind } from '../../component/calls.ts';
import { resolveTag } from '../../component/resolve-tag.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

/** `publish`, `unpublish` and `import`. */
export function addSharing(group: Command, kind: Kind): void {
  const publish = withTag(group.command('publish'), kind)
    .description('let all accounts see a version, fetch it and import it')
    .action(async (given: string | undefined) => {
      const tag = await resolveTag(given);
      await componentCalls(await sessionOf(publish), kind).publish(tag);
      console.log(`${printable(tag)} is public: all accounts can see and import it`);
    });
  const unpublish = withTag(group.command('unpublish'), kind)
    .description('keep a version from other accounts; what they imported stays theirs')
    .action(async (given: string | undefined) => {
      const tag = await resolveTag(given);
      await componentCalls(await sessionOf(unpublish), kind).unpublish(tag);
      console.log(`${printable(tag)} is private`);
    });
  addImport(group, kind);
}

function addImport(group: Command, kind: Kind): void {
  const command = group
    .command('import')
    .description('copy what another account made public to your account')
    .argument('<tag>', 'name, name@version or id')
    .option('--owner <owner>', 'whose, by user name or id, where several share the name')
    .addHelpText(
      'after',
      `\nExamples:\n  bytenite ${kind} list --public\n  bytenite ${kind} import some-${kind}@1.2 --owner ada`,
    )
    .action(async (tag: string, options: { owner?: string }) => {
      const calls = componentCalls(await sessionOf(command), kind);
      const copy = await calls.import(tag, options.owner);
      const name = printable(`${copy.name}@${copy.version}`);
      console.log(`Imported ${name}, revision ${copy.revision}, ${copy.status}`);
      if (copy.status !== 'active') {
        console.log(`Let jobs use it: bytenite ${kind} activate ${name}`);
      }
    });
}

function withTag(command: Command, kind: Kind): Command {
  const example = `bytenite ${kind} ${command.name()} my-${kind}@0.1`;
  return command
    .argument('[tag]', 'name or name@version, or a folder; default: the current folder')
    .addHelpText('after', `\nExample:\n  ${example}`);
}
