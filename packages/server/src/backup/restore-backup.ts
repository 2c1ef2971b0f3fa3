/** Makes a data directory from a backup, or nothing at all. */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, chmod } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { extract, type Extract } from 'tar-stream';
import { isBlobKey } from '../blob/blob-store.ts';
import { syncFolder } from '../blob/folder-sync.ts';
import { abortable, pump } from './pump.ts';
import { openBackupDatabase } from './database.ts';
import { BackupFailure } from './failure.ts';
import {
  BLOB_FOLDER,
  DATABASE,
  DIGEST_FOLDER,
  DigestLog,
  DIGESTS_EVERY,
  END,
  FORMAT,
  FORMAT_VERSION,
  HEADER,
  MASTER_KEY,
  type BackupEnd,
  type BackupHeader,
  type FileDigest,
} from './format.ts';
import { findMissing, objectsOf, type Missing } from './missing.ts';
import { restoreMark } from './unfinished-restore.ts';

export interface RestoreOptions {
  dataDir: string;
  signal: AbortSignal;
  onProgress: (files: number, bytes: number) => void;
}

export interface RestoreSummary {
  createdAt: string;
  files: number;
  bytes: number;
  /** Id of the master key that is needed and was not inside; null where all is there. */
  neededMasterKey: string | null;
  missing: number;
  missingKeys: string[];
}

/** Of entries that are read into memory; a group of digests has about 250 bytes a file. */
const JSON_BYTES = DIGESTS_EVERY * 2048;
/** What a file system puts into a folder of its own. */
const OWN_FILES = new Set(['lost+found']);
type Entry = Extract extends AsyncIterable<infer E> ? E : never;

const UNFINISHED = `${DATABASE}.restoring`;

export async function restoreBackup(
  input: Readable,
  options: RestoreOptions,
): Promise<RestoreSummary> {
  const { dataDir } = options;
  await requireEmpty(dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
  const mark = await open(restoreMark(dataDir), 'wx', 0o600);
  await mark.close();
  try {
    const { header, log } = await unpack(input, options);
    const missing = await checkDatabase(options);
    await rename(path.join(dataDir, UNFINISHED), path.join(dataDir, DATABASE));
    await syncFolders(dataDir);
    await rm(restoreMark(dataDir));
    await syncFolder(dataDir);
    const { createdAt, hasMasterKey, masterKeyId } = header;
    return {
      createdAt,
      files: log.files,
      bytes: log.bytes,
      neededMasterKey: hasMasterKey ? null : masterKeyId,
      missing: missing.count,
      missingKeys: missing.keys,
    };
  } catch (error) {
    // It was empty, so all that is in it now is ours; the mark goes last.
    const names = (await readdir(dataDir)).filter((name) => !OWN_FILES.has(name));
    const mark = path.basename(restoreMark(dataDir));
    for (const name of [...names.filter((name) => name !== mark), mark]) {
      await rm(path.join(dataDir, name), { recursive: true, force: true });
    }
    throw error;
  }
}

async function requireEmpty(dataDir: string): Promise<void> {
  const names = await readdir(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new BackupFailure(`${dataDir} cannot be used: ${error.message}`);
  });
  const found = names.filter((name) => !OWN_FILES.has(name));
  if (found.length === 0) return;
  if (found.includes(path.basename(restoreMark(dataDir)))) {
    throw new BackupFailure(`a restore into ${dataDir} was cut off, or is still going on`, [
      'when it is not, empty the directory and restore again',
    ]);
  }
  throw new BackupFailure(`${dataDir} is not empty (${found.slice(0, 5).join(', ')})`, [
    'restore into a new directory: --data-dir DIR; nothing is ever restored over what is there',
  ]);
}

interface Unpacked {
  header: BackupHeader;
  log: DigestLog;
}

async function unpack(input: Readable, options: RestoreOptions): Promise<Unpacked> {
  const reader = extract();
  pump(input, reader).then(
    () => reader.end(undefined),
    (error: unknown) => reader.destroy(error as Error),
  );
  const end = (error: Error) => {
    reader.destroy(error);
    input.destroy();
  };
  try {
    return await abortable(options.signal, end, readEntries(reader, options));
  } catch (error) {
    throw error instanceof BackupFailure || options.signal.aborted || isOfDisk(error)
      ? error
      : damaged((error as Error).message);
  } finally {
    input.destroy();
  }
}

async function readEntries(reader: Extract, options: RestoreOptions): Promise<Unpacked> {
  const log = new DigestLog();
  let header: BackupHeader | undefined;
  let end: BackupEnd | undefined;
  for await (const entry of reader) {
    if (end !== undefined) throw damaged(`something follows ${END}`);
    const { name } = entry.header;
    if (header === undefined) header = await readHeader(entry);
    else if (name === END) end = (await readJson(entry)) as BackupEnd;
    else if (name.startsWith(DIGEST_FOLDER)) compare(log.takeGroup(), await readJson(entry));
    else await unpackFile(entry, options, log);
  }
  if (header === undefined) throw damaged('it is empty');
  const isWhole = end !== undefined && log.group.length === 0 && log.files === end.files;
  if (!isWhole || end?.sha256 !== log.all.digest('hex')) throw damaged('its end is missing');
  return { header, log };
}

async function readHeader(entry: Entry): Promise<BackupHeader> {
  const isOurs = entry.header.name === HEADER;
  const header = (isOurs ? await readJson(entry) : null) as Partial<BackupHeader> | null;
  if (header?.format !== FORMAT || typeof header.version !== 'number') {
    throw new BackupFailure('this is no backup of bytenite');
  }
  if (header.version > FORMAT_VERSION) {
    throw new BackupFailure(
      `the backup has format ${header.version}, this version reads ${FORMAT_VERSION}`,
      ['restore it with the version that wrote it, or a later one'],
    );
  }
  return header as BackupHeader;
}

/** Only ever a new file, below the data directory, of a name that a backup has. */
async function unpackFile(entry: Entry, options: RestoreOptions, log: DigestLog): Promise<void> {
  const { name, type } = entry.header;
  if (type !== 'file') throw damaged(`${name} is no file`);
  const file = placeOf(options.dataDir, name);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const output = await open(file, 'wx', 0o600);
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const part of entry as AsyncIterable<Buffer>) {
      options.signal.throwIfAborted();
      hash.update(part);
      size += part.byteLength;
      await output.writeFile(part);
      options.onProgress(log.files, log.bytes + size);
    }
    await output.datasync();
  } finally {
    await output.close();
  }
  if (size !== entry.header.size) throw damaged(`${name} is cut off`);
  log.add({ name, size, sha256: hash.digest('hex') });
  if (log.group.length > DIGESTS_EVERY) throw damaged('digests are missing');
}

function placeOf(dataDir: string, name: string): string {
  if (name === DATABASE) return path.join(dataDir, UNFINISHED);
  if (name === MASTER_KEY) return path.join(dataDir, MASTER_KEY);
  const key = name.slice(BLOB_FOLDER.length);
  if (name.startsWith(BLOB_FOLDER) && isBlobKey(key)) return path.join(objectsOf(dataDir), key);
  throw damaged(`it holds ${JSON.stringify(name.slice(0, 200))}, which no backup does`);
}

function compare(found: readonly FileDigest[], value: unknown): void {
  const expected = value as readonly FileDigest[];
  if (!Array.isArray(expected) || expected.length !== found.length)
    throw damaged('files are missing');
  expected.forEach(({ name, size, sha256 }, i) => {
    const file = found[i];
    if (file === undefined || file.name !== name) throw damaged(`${name} is missing`);
    if (file.size !== size || file.sha256 !== sha256) throw damaged(`${name} was changed`);
  });
}

async function readJson(entry: Entry): Promise<unknown> {
  if ((entry.header.size ?? 0) > JSON_BYTES) throw damaged(`${entry.header.name} is too large`);
  const parts: Buffer[] = [];
  for await (const part of entry as AsyncIterable<Buffer>) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString()) as unknown;
}

function damaged(why: string): BackupFailure {
  return new BackupFailure(`the backup is damaged or was cut off: ${why}`, [
    'take another copy of it, or an earlier backup; nothing was restored',
  ]);
}

function isOfDisk(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EACCES', 'EROFS', 'EPERM'].includes(code ?? '');
}

async function checkDatabase({ dataDir, signal }: RestoreOptions): Promise<Missing> {
  const db = openBackupDatabase(path.join(dataDir, UNFINISHED));
  try {
    db.check();
    return await findMissing(dataDir, db, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw damaged(`its database cannot be read: ${(error as Error).message}`);
  } finally {
    db.close();
  }
}

async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(path.join(folder, entry.name));
  }
  await syncFolder(folder);
}
