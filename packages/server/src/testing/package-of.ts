import { pack } from 'tar-stream';

/** A component's package as it is pushed: base64 of a tar. */
export async function packageOf(files: Readonly<Record<string, string>>): Promise<string> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content);
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('base64');
}

/** The least that a package of this name must hold, with what the manifest says beside it. */
export async function componentPackage(
  name: string,
  manifest: Record<string, unknown> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const full = { name, version: '0.1', platform_config: { container: 'python:3.12' }, ...manifest };
  return packageOf({ 'manifest.json': JSON.stringify(full), 'app/main.py': '', ...files });
}
