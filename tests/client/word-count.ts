/** The word-count example on a platform, pushed as any client would. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { tarOf } from '../support/components.ts';
import type { Platform } from '../support/platform.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../examples/word-count');

export async function pushWordCount(platform: Platform): Promise<void> {
  for (const [folder, name] of [
    ['partitioner', 'line-splitter'],
    ['assembler', 'word-count-merger'],
  ] as const) {
    const engineData = await packed(path.join(EXAMPLE, folder));
    await platform.call('POST', '/v1/dev/engines', { engineData });
    await platform.call('POST', `/v1/dev/engines/${name}/activate`, {});
  }
  await platform.call('POST', '/v1/dev/apps', { data: await packed(path.join(EXAMPLE, 'app')) });
  await platform.call('POST', '/v1/dev/apps/word-counter/activate', {});
  const template = await readFile(path.join(EXAMPLE, 'app/template.json'), 'utf8');
  await platform.call('POST', '/v1/dev/templates', JSON.parse(template) as object);
}

async function packed(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && entry.name !== 'template.json');
  const entries = await Promise.all(
    files.map(async (entry): Promise<[string, string]> => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(folder, file), await readFile(file, 'utf8')];
    }),
  );
  return (await tarOf(entries)).toString('base64');
}
