import type { Command } from 'commander';
import { componentCalls, type Kind } from '../../component/calls.ts';
import { resolveTag } from '../../component/resolve-tag.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';

export function addGet(group: Command, kind: Kind): void {
  const command = group
    .command('get')
    .description('print its JSON')
    .argument('[tag]', 'name or name@version, or a folder; default: the current folder')
    .option('--json', 'accepted, as on other commands: it prints JSON anyway')
    .addHelpText('after', `\nExample:\n  bytenite ${kind} get my-${kind}`)
    .action(async (given: string | undefined) => {
      const tag = await resolveTag(given);
      const text = await componentCalls(await sessionOf(command), kind).getText(tag);
      // Apps come in a wrapper, engines bare.
      printJson(kind === 'app' ? fieldText(text, 'app') : text);
    });
}
