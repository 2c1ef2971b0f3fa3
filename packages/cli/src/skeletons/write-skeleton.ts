import type { ComponentType } from '@bytenite/contract';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { requireEmpty } from '../component/require-empty.ts';
import { LANGUAGES, type Language } from './languages.ts';

/** Writes a component that already runs: it passes its data on as it is. */
export async function writeSkeleton(
  name: string,
  type: ComponentType,
  language: Language,
): Promise<void> {
  await requireEmpty(name, 'choose another name, or remove the folder');
  const { extension } = LANGUAGES[language];
  const source = new URL(`../../skeletons/${type}${extension}`, import.meta.url);
  const main = `main${extension}`;
  const files: Record<string, string> = {
    'manifest.json': toJson(manifestOf(name, type, main, LANGUAGES[language].container)),
    ...(type === 'app' && { 'template.json': toJson(templateOf(name)) }),
    [`app/${main}`]: await readFile(source, 'utf8'),
  };
  await mkdir(path.join(name, 'app'), { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    await writeFile(path.join(name, file), content, { flag: 'wx' });
  }
  const group = type === 'app' ? 'app' : 'engine';
  console.log(`Wrote ${name}/: ${Object.keys(files).join(', ')}`);
  console.log(`Next: put your work into ${name}/app/${main}, then`);
  console.log(`  bytenite ${group} push ${name}`);
  console.log(`  bytenite ${group} activate ${name}`);
}

function manifestOf(
  name: string,
  type: ComponentType,
  entrypoint: string,
  container: string,
): object {
  return {
    name,
    version: '0.1',
    ...(type !== 'app' && { type }),
    description: '',
    platform: 'docker',
    entrypoint,
    platform_config: { container, private_image: false },
    device_requirements: { min_cpu: 2, min_memory: 2 },
  };
}

function templateOf(app: string): object {
  return {
    id: `${app}-template`,
    description: '',
    app,
    partitioner: 'passthrough',
    assembler: 'passthrough',
    params: { partitioner: {}, app: {}, assembler: {} },
  };
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
