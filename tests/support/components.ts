/** Small components for tests, pushed and activated over the API as any client would. */
import { pack } from 'tar-stream';
import type { Platform } from './platform.ts';

export interface TestComponent {
  name: string;
  type: 'app' | 'partitioner' | 'assembler';
  /** Python source of app/main.py. */
  main: string;
  manifest?: Record<string, unknown>;
  schema?: unknown;
}

/** Pushes and activates a component; a changed one becomes a new revision. */
export async function pushComponent(platform: Platform, component: TestComponent): Promise<void> {
  const manifest = {
    name: component.name,
    version: '1.0',
    type: component.type,
    platform_config: { container: 'python:3.12-slim' },
    device_requirements: { min_cpu: 1, min_memory: 0.25 },
    ...component.manifest,
  };
  const files: [string, string][] = [
    ['manifest.json', JSON.stringify(manifest)],
    ['app/main.py', component.main],
  ];
  if (component.schema !== undefined) files.push(['schema.json', JSON.stringify(component.schema)]);
  const data = (await tarOf(files)).toString('base64');
  const kind = component.type === 'app' ? 'apps' : 'engines';
  const body = kind === 'apps' ? { data } : { engineData: data };
  await platform.call('POST', `/v1/dev/${kind}`, body);
  await platform.call('POST', `/v1/dev/${kind}/${component.name}/activate`, {});
}

export async function tarOf(files: readonly (readonly [string, string])[]): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of files) archive.entry({ name }, content);
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}
