/** Writes a backup from a data directory, and from a snapshot of its database. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';
import { listObjects } from '../blob/disk-list.ts';
import { readPrivateFile } from '../private-file.ts';
import { parseMasterKeys } from '../vault/master-keys.ts';
import { abortable, pump } from './pump.ts';
import { openBackupDatabase, type BackupDatabase } from './database.ts';
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
} from './format.ts';
import { findMissing, objectsOf } from './missing.ts';

export interface WriteOptions {
  dataDir: string;
  /** A copy of the database that nobody writes to. */
  snapshot: string;
  /** Null leaves the master key out. */
  masterKeyFile: string | null;
  now: Date;
  signal: AbortSignal;
  onProgress: (files: number, bytes: number) => void;
}

export interface WriteSummary {
  files: number;
  bytes: number;
  masterKey: 'included' | 'left out' | 'not there' | 'not needed';
  missing: number;
  /** The first of those that were missing. */
  missingKeys: string[];
}

interface Writing extends WriteOptions {
  archive: Pack;
  log: DigestLog;
  bytes: number;
}

export async function writeBackup(output: Writable, options: WriteOptions): Promise<WriteSummary> {
  const db = openBackupDatabase(options.snapshot);
  const archive = pack();
  const writing: Writing = { ...options, archive, log: new DigestLog(), bytes: 0 };
  const piping = pump(archive as AsyncIterable<Buffer>, output).catch((error: unknown) => {
    archive.destroy(error as Error);
    throw error;
  });
  piping.catch(() => undefined); // looked at below
  try {
    const work = writeEntries(writing, db);
    const summary = await abortable(options.signal, (error) => archive.destroy(error), work);
    archive.finalize();
    await piping;
    await endOf(output);
    return summary;
  } catch (error) {
    archive.destroy(error as Error);
    // The output's own error says more: no space, a closed pipe.
    await piping;
    throw error;
  } finally {
    if (output !== process.stdout) output.destroy();
    db.close();
  }
}

/** Of a pipe all was taken; of a file all is on disk. */
async function endOf(output: Writable): Promise<void> {
  if (output === process.stdout) {
    await new Promise((resolve) => output.write('', resolve));
    return;
  }
  output.end();
  await finished(output);
}

async function writeEntries(writing: Writing, db: BackupDatabase): Promise<WriteSummary> {
  const masterKeyId = db.masterKeyId();
  const key = await readMasterKey(writing.masterKeyFile, masterKeyId);
  const header: BackupHeader = {
    format: FORMAT,
    version: FORMAT_VERSION,
    createdAt: writing.now.toISOString(),
    masterKeyId,
    hasMasterKey: key !== null,
  };
  await writeJson(writing, HEADER, header);
  await writeFile(writing, DATABASE, writing.snapshot);
  if (key !== null) {
    await writeFile(writing, MASTER_KEY, writing.masterKeyFile ?? '');
    // Rotated just now: the file no longer holds what the snapshot needs.
    await readMasterKey(writing.masterKeyFile, masterKeyId);
  }
  await writeBlobs(writing, db);
  const missing = await findMissing(writing.dataDir, db, writing.signal);
  await writeDigests(writing);
  const { files, bytes, all } = writing.log;
  const end: BackupEnd = { files, bytes, sha256: all.digest('hex'), missing: missing.count };
  await writeJson(writing, END, end);
  return {
    files,
    bytes,
    masterKey: masterKeyOf(writing, masterKeyId, key),
    missing: missing.count,
    missingKeys: missing.keys,
  };
}

function masterKeyOf(
  { masterKeyFile }: Writing,
  id: string | null,
  key: string | null,
): WriteSummary['masterKey'] {
  if (key !== null) return 'included';
  if (id === null) return 'not needed';
  return masterKeyFile === null ? 'left out' : 'not there';
}

/** The file's text where it opens the database; null where there is none, or none is wanted. */
async function readMasterKey(file: string | null, id: string | null): Promise<string | null> {
  if (file === null || id === null) return null;
  const text = await readPrivateFile(file);
  if (text === null) return null;
  if (parseMasterKeys(text, file).some((key) => key.id === id)) return text;
  throw new BackupFailure(
    `${file} does not hold the master key that the database is encrypted with (${id})`,
    [
      'was it rotated just now? Then try again',
      'or is it given by BYTENITE_MASTER_KEY? Then keep that key safe yourself, and use --without-master-key',
    ],
  );
}

async function writeBlobs(writing: Writing, db: BackupDatabase): Promise<void> {
  const objects = objectsOf(writing.dataDir);
  for await (const key of listObjects(objects, '')) {
    writing.signal.throwIfAborted();
    if (!db.isLive(key)) continue;
    try {
      await writeFile(writing, BLOB_FOLDER + key, path.join(objects, key));
    } catch (error) {
      // An upload that failed meanwhile; whether a row names it is looked at later.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Opened before it is announced: a file that is gone makes no entry. */
async function writeFile(writing: Writing, name: string, file: string): Promise<void> {
  const handle = await open(file, 'r');
  const { size } = await handle.stat();
  const hash = createHash('sha256');
  const entry = writing.archive.entry({ name, size, mode: 0o600, mtime: writing.now });
  // The size is announced, so not a byte more.
  const source = handle.createReadStream(size > 0 ? { end: size - 1 } : {});
  const written = new Promise<void>((resolve, reject) => {
    entry.once('finish', resolve);
    entry.once('error', reject);
    entry.once('close', () => reject(new Error(`${name} could not be written`)));
  });
  written.catch(() => undefined); // looked at below
  try {
    await pump(source as AsyncIterable<Buffer>, entry, (chunk) => {
      hash.update(chunk);
      writing.bytes += chunk.byteLength;
      writing.onProgress(writing.log.files, writing.bytes);
    });
    entry.end(undefined);
    await written;
  } finally {
    source.destroy();
  }
  writing.log.add({ name, size, sha256: hash.digest('hex') });
  if (writing.log.group.length >= DIGESTS_EVERY) await writeDigests(writing);
}

async function writeDigests(writing: Writing): Promise<void> {
  const name = `${DIGEST_FOLDER}${String(writing.log.files).padStart(9, '0')}`;
  await writeJson(writing, name, writing.log.takeGroup());
}

function writeJson({ archive, now }: Writing, name: string, value: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(value);
    archive.entry({ name, mode: 0o600, mtime: now }, text, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
