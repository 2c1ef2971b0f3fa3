import { writeFile } from 'node:fs/promises';
import { TemplateId } from '@bytenite/contract';
import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import { prettyJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';

export function addPull(group: Command): void {
  const command = group
    .command('pull')
    .description('write a template to <id>.json')
    .argument('<id>')
    .option('--force', 'replace the file if there is one')
    .addHelpText('after', '\nExample:\n  bytenite template pull nightly-count')
    .action(async (id: string, options: { force?: true }) => {
      const client = await sessionOf(command);
      const text = await client.text('Developer_GetTemplate', { params: { id } });
      // It becomes a file name here.
      const file = `${TemplateId.parse((JSON.parse(text) as { id: unknown }).id)}.json`;
      await write(file, `${prettyJson(text)}\n`, options.force ?? false);
      console.log(`Wrote ${file}`);
    });
}

async function write(file: string, content: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, content, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError(`${file} exists already`, { fix: ['to replace it: --force'] });
  }
}
