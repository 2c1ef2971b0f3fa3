/** The blob store of a platform as it lies on the disk, and how tests make it old. */
import { readdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import type { Platform } from './platform.ts';

const LONG_AGO = Date.now() / 1000 - 100 * 24 * 3600;

export function objectsOf({ dataDir }: Platform): string {
  return path.join(dataDir, 'blobs/objects');
}

/** The keys of all objects, in order. */
export async function storedKeys(platform: Platform): Promise<string[]> {
  const objects = objectsOf(platform);
  const entries = await readdir(objects, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(objects, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

/** All objects are from long ago, and the database is older still: else they would not be its own. */
export async function ageObjects(
  platform: Platform,
  write: (sql: string) => Promise<void> = async (sql) => writeSqlite(platform, sql),
): Promise<void> {
  for (const key of await storedKeys(platform)) {
    await utimes(path.join(objectsOf(platform), key), LONG_AGO, LONG_AGO);
  }
  await write('update account set created_at = 0');
}

function writeSqlite({ dataDir }: Platform, sql: string): void {
  const db = new DatabaseSync(path.join(dataDir, 'bytenite.db'));
  db.exec(sql);
  db.close();
}

/** A number of the platform's metrics. */
export async function metricOf(platform: Platform, name: string): Promise<number> {
  const text = await (await fetch(`${platform.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}
