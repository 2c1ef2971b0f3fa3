import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { CliError } from '../errors.ts';
import { formatBytes } from '../terminal/format.ts';
import type { PackageFile } from './collect-files.ts';

const BLOCK = 512;
const END_BLOCKS = 2;
/** The platform's limit, unless its operator set another. */
export const PACKAGE_LIMIT = 64 * 1024 * 1024;
const SHOWN = 5;

/** The folder's files as a tar; refuses before reading when it would be too large. */
export async function packFiles(folder: string, files: readonly PackageFile[]): Promise<Buffer> {
  refuseTooLarge(folder, files);
  const tar = pack();
  const bytes = buffer(tar);
  for (const file of files) {
    const content = await readFile(path.join(folder, file.path));
    // Neither owner nor time: the same files make the same package.
    const mode = file.executable ? 0o755 : 0o644;
    tar.entry({ name: file.path, size: content.length, mode, mtime: new Date(0) }, content);
  }
  tar.finalize();
  return bytes;
}

function refuseTooLarge(folder: string, files: readonly PackageFile[]): void {
  const blocks = files.reduce((sum, file) => sum + 1 + Math.ceil(file.size / BLOCK), END_BLOCKS);
  const size = blocks * BLOCK;
  if (size <= PACKAGE_LIMIT) return;
  const largest = [...files].sort((a, b) => b.size - a.size).slice(0, SHOWN);
  throw new CliError(
    `${folder} makes a package of ${formatBytes(size)}, and at most ${formatBytes(PACKAGE_LIMIT)} can be pushed`,
    {
      why: largest.map((file) => `${formatBytes(file.size).padStart(10)}  ${file.path}`),
      fix: ['keep data out of the package: give it to jobs as input'],
    },
  );
}
