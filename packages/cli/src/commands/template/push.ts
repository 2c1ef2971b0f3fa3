import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { refuseProblems } from '../../component/problem.ts';
import { CliError } from '../../errors.ts';
import { pushTemplate } from '../../template/push-template.ts';
import { readTemplate } from '../../template/read-template.ts';
import { sessionOf } from '../global-options.ts';

export function addPush(group: Command): void {
  const command = group
    .command('push')
    .description('create or replace a template; trailing commas are no error')
    .argument('[file]', 'JSON of the template', 'template.json')
    .addHelpText('after', '\nExample:\n  bytenite template push nightly-count.json')
    .action(async (file: string) => {
      const read = readTemplate(file, await readText(file));
      if ('problems' in read) refuseProblems(`${file} cannot be pushed`, read.problems);
      else await pushTemplate(await sessionOf(command), read.template);
    });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`, {
      fix: ['name the file of the template: bytenite template push FILE'],
    });
  }
}
