import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { downloadFile } from '@bytenite/client/node';
import type { Command } from 'commander';
import { componentCalls, type ComponentCalls, type Kind } from '../../component/calls.ts';
import { unpackFile } from '../../component/unpack.ts';
import { requireEmpty } from '../../component/require-empty.ts';
import { CliError } from '../../errors.ts';
import { printable } from '../../terminal/escape.ts';
import { plural } from '../../terminal/format.ts';
import { fieldText } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';

export function addPull(group: Command, kind: Kind): void {
  const command = group
    .command('pull')
    .description('fetch the newest revision into ./<name>/')
    .argument('<tag>', 'name or name@version')
    .option('--force', 'write into a folder that is not empty')
    .addHelpText('after', `\nExample:\n  bytenite ${kind} pull my-${kind}@0.1`)
    .action(async (tag: string, options: { force?: true }) => {
      const client = await sessionOf(command);
      await pull(componentCalls(client, kind), kind, tag, options.force ?? false);
    });
}

async function pull(calls: ComponentCalls, kind: Kind, tag: string, force: boolean): Promise<void> {
  const name = await nameOf(calls, kind, tag);
  const folder = path.resolve(name);
  if (!force) await requireEmpty(folder, 'to replace its files by the pulled ones: --force');
  const temporary = await mkdtemp(path.join(tmpdir(), 'bytenite-pull-'));
  try {
    const archive = path.join(temporary, 'package.tar');
    await fetchPackage(calls, tag, archive);
    await mkdir(folder, { recursive: true });
    const count = await unpackFile(archive, folder);
    console.log(`Wrote ${plural(count, 'file')} to ./${printable(name)}/`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function nameOf(calls: ComponentCalls, kind: Kind, tag: string): Promise<string> {
  const text = await calls.getText(tag);
  const object = kind === 'app' ? fieldText(text, 'app') : text;
  const { name } = JSON.parse(object) as { name: string };
  // It becomes a folder here.
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new CliError(`the platform calls it ${JSON.stringify(name)}, which cannot be a folder`);
}

async function fetchPackage(calls: ComponentCalls, tag: string, file: string): Promise<void> {
  const { link, data } = await calls.download(tag);
  if (link === '') await writeFile(file, Buffer.from(data, 'base64'));
  else await downloadFile(link, file);
}
