import type { Command } from 'commander';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

/** `publish`, `unpublish` and `import`. */
export function addSharing(group: Command): void {
  const publish = group
    .command('publish')
    .description('let all accounts run jobs with a template and the components it names')
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  bytenite template publish nightly-count')
    .action(async (id: string) => {
      const client = await sessionOf(publish);
      await client.call('Developer_PublishTemplate', { params: { id } });
      console.log(`${printable(id)} is public: all accounts can run it`);
    });
  const unpublish = group
    .command('unpublish')
    .description('keep other accounts from starting more jobs with a template')
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  bytenite template unpublish nightly-count')
    .action(async (id: string) => {
      const client = await sessionOf(unpublish);
      await client.call('Developer_UnpublishTemplate', { params: { id } });
      console.log(`${printable(id)} is private`);
    });
  addImport(group);
}

function addImport(group: Command): void {
  const command = group
    .command('import')
    .description('copy a public template, and the components it names, to your account')
    .argument('<id>')
    .option('--owner <owner>', 'whose, by user name or id, where several share the id')
    .addHelpText(
      'after',
      '\nExamples:\n  bytenite template list --public\n  bytenite template import nightly-count --owner ada',
    )
    .action(async (id: string, { owner }: { owner?: string }) => {
      const client = await sessionOf(command);
      const input = { params: { id }, body: { owner } };
      const copy = await client.call('Developer_ImportTemplate', input);
      const parts = [copy.app, copy.partitioner, copy.assembler];
      console.log(`Imported template ${printable(copy.id)} with ${printable(parts.join(', '))}`);
    });
}
