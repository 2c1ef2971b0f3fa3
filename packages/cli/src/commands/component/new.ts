import { Argument, Option, type Command } from 'commander';
import { ENGINE_TYPES, type EngineType } from '@bytenite/contract';
import type { Kind } from '../../component/calls.ts';
import { UsageError } from '../../errors.ts';
import { LANGUAGE_NAMES, type Language } from '../../skeletons/languages.ts';
import { writeSkeleton } from '../../skeletons/write-skeleton.ts';
import { ask } from '../../terminal/ask.ts';

interface Options {
  lang: Language;
  type?: EngineType;
}

export function addNew(group: Command, kind: Kind): void {
  const command = group
    .command('new')
    .description(`write the skeleton of ${kind === 'app' ? 'an app' : 'an engine'} to ./<name>/`)
    .addArgument(new Argument('[name]', 'letters, digits, "-" and "_"'))
    .addOption(
      new Option('--lang <language>', 'what it is written in')
        .choices(LANGUAGE_NAMES)
        .default('python'),
    );
  if (kind === 'engine') {
    command.addOption(new Option('--type <type>', 'what it does').choices(ENGINE_TYPES));
  }
  command
    .addHelpText('after', EXAMPLES[kind])
    .action(async (name: string | undefined, { lang, type }: Options) => {
      const chosen = await askName(name);
      await writeSkeleton(chosen, kind === 'app' ? 'app' : (type ?? (await askType())), lang);
    });
}

const EXAMPLES: Record<Kind, string> = {
  app: `
It runs as it is: it passes its data on.

Examples:
  bytenite app new thumbnails
  bytenite app new log-lines --lang sh`,
  engine: `
It runs as it is: it passes its data on.

Examples:
  bytenite engine new page-splitter --type partitioner
  bytenite engine new zip-pages --type assembler --lang node`,
};

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
