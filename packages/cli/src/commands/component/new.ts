import { Argument, Option, type Command } from 'commander';
import { ENGINE_TYPES, type EngineType } from '@bytenite/contract';
import type { Kind } from '../../component/calls.ts';
import { UsageError } from '../../errors.ts';
import { writeSkeleton } from '../../skeletons/write-skeleton.ts';
import { ask } from '../../terminal/ask.ts';

export function addNew(group: Command, kind: Kind): void {
  const command = group
    .command('new')
    .description(`write the skeleton of ${kind === 'app' ? 'an app' : 'an engine'} to ./<name>/`)
    .addArgument(new Argument('[name]', 'letters, digits, "-" and "_"'));
  if (kind === 'app') {
    command
      .addHelpText('after', '\nExample:\n  bytenite app new thumbnails')
      .action(async (name: string | undefined) => writeSkeleton(await askName(name), 'app'));
    return;
  }
  command
    .addOption(new Option('--type <type>', 'what it does').choices(ENGINE_TYPES))
    .addHelpText('after', '\nExample:\n  bytenite engine new page-splitter --type partitioner')
    .action(async (name: string | undefined, options: { type?: EngineType }) => {
      const chosen = await askName(name);
      await writeSkeleton(chosen, options.type ?? (await askType()));
    });
}

async function askName(given: string | undefined): Promise<string> {
  const name = given ?? (await ask('Name: ', 'name it: bytenite app new NAME'));
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name) && name !== 'passthrough') return name;
  throw new UsageError(`${JSON.stringify(name)} cannot be a name`, {
    why: ['names are letters, digits, "-" and "_", at most 64 of them; passthrough is built in'],
  });
}

async function askType(): Promise<EngineType> {
  const answer = await ask('partitioner or assembler? ', 'say which: --type partitioner|assembler');
  const type = ENGINE_TYPES.find((known) => answer !== '' && known.startsWith(answer));
  if (type !== undefined) return type;
  throw new UsageError(`${JSON.stringify(answer)} is neither partitioner nor assembler`);
}
