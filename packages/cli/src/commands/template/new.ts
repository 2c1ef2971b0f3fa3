import { writeFile } from 'node:fs/promises';
import { TemplateId } from '@bytenite/contract';
import type { Command } from 'commander';
import { CliError, UsageError } from '../../errors.ts';
import { ask } from '../../terminal/ask.ts';

export function addNew(group: Command): void {
  group
    .command('new')
    .description('write <id>.json with the keys of a template, to be filled in')
    .argument('[id]', 'letters, digits, "." "_" "+" and "-"')
    .addHelpText('after', '\nExample:\n  bytenite template new nightly-count')
    .action(async (given: string | undefined) => {
      const id = given ?? (await ask('Id: ', 'give it an id: bytenite template new ID'));
      if (!TemplateId.safeParse(id).success) {
        throw new UsageError(`${JSON.stringify(id)} cannot be the id of a template`, {
          why: ['ids are letters, digits, ".", "_", "+" and "-", a letter or digit first'],
        });
      }
      const file = `${id}.json`;
      await writeNew(file, `${JSON.stringify(blankTemplate(id), null, 2)}\n`);
      console.log(`Wrote ${file}. Name its app in it, then: bytenite template push ${file}`);
    });
}

function blankTemplate(id: string): object {
  return {
    id,
    description: '',
    app: '',
    partitioner: 'passthrough',
    assembler: 'passthrough',
    dataSource: null,
    dataDestination: null,
    params: { partitioner: {}, app: {}, assembler: {} },
    config: {},
  };
}

async function writeNew(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError(`${file} exists already`, {
      fix: ['choose another id, or delete the file'],
    });
  }
}
