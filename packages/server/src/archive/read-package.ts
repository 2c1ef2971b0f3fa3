import { ArchiveError } from './archive-error.ts';
import type { PackageFile, PackageFiles } from './package-file.ts';
import { checkPath, isMacResidue } from './package-path.ts';
import { readTarEntries } from './tar-entries.ts';
import type { TarEntry } from './tar-entries.ts';

export interface PackageLimits {
  /** Size of the archive as sent, after base64; default 64 MiB. Unpacked it may have ten times as much. */
  maxBytes?: number;
  /** Default 10,000. */
  maxEntries?: number;
}

export const DEFAULT_MAX_PACKAGE_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_ENTRIES = 10_000;
const MAX_RATIO = 10;
const MANIFEST = 'manifest.json';

/**
 * Reads the archive of a pushed component: base64 of a tar, gzip'd or not, with manifest.json at the root
 * or in the only top folder, which is left out of the paths. Rejects ArchiveError with all that is wrong.
 * Everything is held in memory, up to the unpacked size.
 */
export async function readPackage(
  base64: string,
  limits: PackageLimits = {},
): Promise<{ files: PackageFiles }> {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_PACKAGE_BYTES;
  const archive = decodeBase64(base64, maxBytes);
  const collected = await collect(
    archive,
    maxBytes * MAX_RATIO,
    limits.maxEntries ?? DEFAULT_MAX_ENTRIES,
  );
  const problems = [...collected.problems, ...findPathConflicts(collected.files)];
  const files = stripTopFolder(collected.files);
  if (files === null)
    problems.push(`${MANIFEST} must lie at the root of the archive or in its only top folder`);
  if (files === null || problems.length > 0) throw new ArchiveError(problems, { files });
  return { files };
}

function decodeBase64(base64: string, maxBytes: number): Buffer {
  const text = base64.replace(/\s+/g, '').replace(/={0,2}$/, '');
  if (text === '') throw new ArchiveError(['the archive is empty']);
  if (/[^A-Za-z0-9+/_-]/.test(text) || text.length % 4 === 1) {
    throw new ArchiveError(['the archive is not valid base64']);
  }
  if (Math.floor((text.length * 3) / 4) > maxBytes) {
    throw new ArchiveError([`the archive is larger than ${maxBytes} bytes`]);
  }
  return Buffer.from(text, 'base64');
}

interface Collected {
  files: PackageFiles;
  problems: string[];
}

async function collect(
  archive: Buffer,
  maxUnpacked: number,
  maxEntries: number,
): Promise<Collected> {
  const files: PackageFiles = new Map();
  const problems: string[] = [];
  let entries = 0;
  try {
    for await (const entry of readTarEntries(archive, maxUnpacked)) {
      entries += 1;
      if (entries > maxEntries)
        throw new ArchiveError([`the archive has more than ${maxEntries} entries`]);
      const problem = addEntry(files, entry);
      if (problem !== null) problems.push(problem);
    }
  } catch (error) {
    // What was found before the archive turned out to be unreadable is worth knowing too.
    if (error instanceof ArchiveError)
      throw new ArchiveError([...problems, ...error.problems], { cause: error });
    throw error;
  }
  return { files, problems };
}

/** Adds a file, leaves folders and residue out, or says why the entry is refused. */
function addEntry(files: PackageFiles, entry: TarEntry): string | null {
  const verdict = checkPath(entry.name);
  if ('problem' in verdict) return verdict.problem;
  const { path } = verdict;
  if (entry.type === 'directory' || isMacResidue(path)) return null;
  const shown = JSON.stringify(path);
  if (entry.type !== 'file' && entry.type !== 'contiguous-file') {
    return `${shown} is a ${describeType(entry.type)}; only files and folders are allowed`;
  }
  if (path === '') return 'an entry has no name';
  if (files.has(path)) return `${shown} occurs more than once`;
  files.set(path, toFile(entry));
  return null;
}

function toFile(entry: TarEntry): PackageFile {
  return { mode: entry.isExecutable ? 0o755 : 0o644, content: entry.content };
}

function describeType(type: TarEntry['type']): string {
  if (type === null) return 'special entry';
  if (type === 'link') return 'hard link';
  return type === 'sparse' ? 'file with holes' : type.replace('-', ' ');
}

function findPathConflicts(files: PackageFiles): string[] {
  const folders = new Set([...files.keys()].flatMap(foldersOf));
  const both = [...files.keys()].filter((path) => folders.has(path));
  return [
    ...both.map((path) => `${JSON.stringify(path)} is both a file and a folder`),
    ...findLookalikes(new Set([...files.keys(), ...folders])),
  ];
}

function foldersOf(path: string): string[] {
  const segments = path.split('/').slice(0, -1);
  return segments.map((_, i) => segments.slice(0, i + 1).join('/'));
}

/** Paths that are one and the same on file systems that ignore case, or write accents in another way. */
function findLookalikes(paths: ReadonlySet<string>): string[] {
  const seen = new Map<string, string>();
  return [...paths].flatMap((path) => {
    const other = seen.get(foldCase(path));
    if (other !== undefined) {
      return `${JSON.stringify(other)} and ${JSON.stringify(path)} are the same where case does not count`;
    }
    seen.set(foldCase(path), path);
    return [];
  });
}

function foldCase(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase();
}

/** The files relative to the folder of manifest.json, or null when that is not the root nor the only top folder. */
function stripTopFolder(files: PackageFiles): PackageFiles | null {
  if (files.has(MANIFEST)) return files;
  const tops = new Set([...files.keys()].map((path) => path.split('/', 1)[0]));
  const [top] = tops;
  if (tops.size !== 1 || !files.has(`${top}/${MANIFEST}`)) return null;
  return new Map([...files].map(([path, file]) => [path.slice(`${top}/`.length), file]));
}
