import type { Command } from 'commander';
import { componentCalls, type Kind } from '../../component/calls.ts';
import { MANIFEST_FILE, type Manifest } from '../../component/check-manifest.ts';
import { packFiles } from '../../component/pack.ts';
import type { Problem } from '../../component/problem.ts';
import { readFolder, TEMPLATE_FILE } from '../../component/read-folder.ts';
import { pushTemplate } from '../../template/push-template.ts';
import { readTemplate } from '../../template/read-template.ts';
import { printable } from '../../terminal/escape.ts';
import { formatBytes, plural } from '../../terminal/format.ts';
import { paint, paintError } from '../../terminal/style.ts';
import { sessionOf } from '../global-options.ts';

export function addPush(group: Command, kind: Kind): void {
  const brings = kind === 'app' ? ', then its template.json' : '';
  const command = group
    .command('push')
    .description(`check a folder and send it as a new revision${brings}`)
    .argument('[folder]', 'holds manifest.json and app/', '.')
    .addHelpText('after', `\nExample:\n  bytenite ${kind} push ./my-${kind}`)
    .action(async (folder: string) => push(command, kind, folder));
}

async function push(command: Command, kind: Kind, folder: string): Promise<void> {
  const found = await readFolder(folder, ({ manifest, template }) => [
    ...checkType(kind, manifest),
    ...(template === undefined ? [] : templateProblems(template)),
  ]);
  const { manifest, files, template } = found;
  if (manifest.hasToken) warnOfToken();
  const tar = await packFiles(folder, files);
  const client = await sessionOf(command);
  const pushedAs: Kind = manifest.type === 'app' ? 'app' : 'engine';
  const calls = componentCalls(client, pushedAs);
  console.log(`Packed ${plural(files.length, 'file')}, ${formatBytes(tar.length)}`);
  const pushed = await calls.push(tar.toString('base64'));
  const tag = `${pushed.name}@${pushed.version}`;
  console.log(
    `Pushed ${pushedAs} ${paint('bold', printable(tag))}, revision ${pushed.revision}, ${pushed.status}`,
  );
  const read = template === undefined ? undefined : readTemplate(TEMPLATE_FILE, template);
  if (read !== undefined && 'template' in read) await pushTemplate(client, read.template);
  if (pushed.status !== 'active') {
    console.log(`Let jobs use it: bytenite ${pushedAs} activate ${printable(tag)}`);
  }
}

/** An engine pushed as an app is taken for what it is; the other way round its role is missing. */
function checkType(kind: Kind, manifest: Manifest | undefined): Problem[] {
  if (kind === 'app' || manifest === undefined || manifest.type !== 'app') return [];
  const message = 'must be "partitioner" or "assembler"';
  return [{ file: MANIFEST_FILE, key: 'type', message }];
}

function templateProblems(template: string): Problem[] {
  const read = readTemplate(TEMPLATE_FILE, template);
  return 'problems' in read ? read.problems : [];
}

function warnOfToken(): void {
  const lines = [
    `${paintError('yellow', 'warning:')} ${MANIFEST_FILE} holds a registry token: whoever sees the folder sees it`,
    'Better: keep it as a secret of your account and name that: "registry_secret": "SECRET_ID"',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}
