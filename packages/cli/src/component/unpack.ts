import { createReadStream } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { CliError } from '../errors.ts';

/** Writes a package's files below a folder; returns how many. Whatever would lead out of it is refused. */
export async function unpackFile(archive: string, folder: string): Promise<number> {
  let count = 0;
  const entries = createReadStream(archive).pipe(extract());
  for await (const entry of entries) {
    const { name, type, mode } = entry.header;
    if (type === 'directory') {
      entry.resume();
      continue;
    }
    if (type !== 'file' || !isInside(name)) {
      throw new CliError(`the package has ${JSON.stringify(name)}, which is not safe to write`);
    }
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, await buffer(entry));
    if (((mode ?? 0) & 0o111) !== 0) await chmod(file, 0o755);
    count += 1;
  }
  return count;
}

function isInside(name: string): boolean {
  const segments = name.split('/');
  return !name.startsWith('/') && !name.includes('\\') && !segments.includes('..');
}
