/** Which files the database names and the data directory does not have. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { BackupDatabase } from './database.ts';

export interface Missing {
  count: number;
  /** The first of them. */
  keys: string[];
}

/** So many are named. */
const NAMED_MISSING = 20;

export function objectsOf(dataDir: string): string {
  return path.join(dataDir, 'blobs', 'objects');
}

export async function findMissing(
  dataDir: string,
  db: BackupDatabase,
  signal: AbortSignal,
): Promise<Missing> {
  const objects = objectsOf(dataDir);
  const missing: Missing = { count: 0, keys: [] };
  for (const key of db.namedBlobs()) {
    signal.throwIfAborted();
    const found = await stat(path.join(objects, key)).catch(() => undefined);
    if (found?.isFile()) continue;
    missing.count += 1;
    if (missing.keys.length < NAMED_MISSING) missing.keys.push(key);
  }
  return missing;
}
