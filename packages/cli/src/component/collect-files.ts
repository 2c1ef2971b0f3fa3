import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Problem } from './problem.ts';

export interface PackageFile {
  /** Relative to the package's folder, `/` between segments. */
  path: string;
  size: number;
  executable: boolean;
}

const NOT_PACKED = new Set(['.git', '__pycache__', 'node_modules', '.DS_Store']);

/** What of a folder belongs in its package, in a fixed order, and what must not be there. */
export async function collectFiles(
  folder: string,
): Promise<{ files: PackageFile[]; problems: Problem[] }> {
  const files: PackageFile[] = [];
  const problems: Problem[] = [];
  async function visit(prefix: string): Promise<void> {
    const entries = await readdir(path.join(folder, prefix), { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (NOT_PACKED.has(entry.name)) continue;
      const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) await visit(name);
      else if (entry.isFile()) files.push(await describeFile(folder, name));
      else problems.push({ file: name, key: '', message: refusal(entry) });
    }
  }
  await visit('');
  return { files, problems };
}

async function describeFile(folder: string, name: string): Promise<PackageFile> {
  const { size, mode } = await stat(path.join(folder, name));
  return { path: name, size, executable: (mode & 0o111) !== 0 };
}

function refusal(entry: Dirent): string {
  return entry.isSymbolicLink()
    ? 'is a symbolic link; packages hold plain files, so put the file itself here'
    : 'is neither a file nor a folder';
}
