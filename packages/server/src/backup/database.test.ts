/** A backup's view of its database, while the garbage of the process is collected as often as can be. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { databaseFile } from '../store/database-file.ts';
import { sqliteReader } from '../store/sqlite-reader.ts';
import { sqliteDialect } from '../store/sqlite.ts';
import { openStore } from '../store/store.ts';
import { openBackupDatabase } from './database.ts';

const BLOBS = 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'bytenite-backup-'));
  const file = databaseFile(dir);
  const store = await openStore(sqliteDialect(file), 'sqlite', sqliteReader(file));
  for (let no = 0; no < BLOBS; no++) {
    await store.db.insertInto('log_pack').values(packOf(no)).execute();
  }
  await store.close();
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

function packOf(no: number) {
  const of = { job: 1, n: no, account: 'a', from_at: 0, to_at: 0, levels: 1, kinds: 1 };
  return { ...of, chunk_from: 0, chunk_to: 0, key: `job/1/logs/${no}`, length: 1 };
}

it('names what was put into caches, in a copy of a version that knows them', async () => {
  const file = databaseFile(dir);
  const store = await openStore(sqliteDialect(file), 'sqlite');
  const put = { cache: 'a', path: 'p', revision: 1, key: 'cache/a/1', size_bytes: 1, sha256: '' };
  await store.db.insertInto('cache_file').values(put).execute();
  const keysOf = () => {
    const db = openBackupDatabase(file);
    const keys = [...db.namedBlobs()];
    db.close();
    return keys;
  };
  expect(keysOf()).toContain('cache/a/1');
  await store.db.schema.dropTable('cache_file').execute();
  expect(keysOf()).toHaveLength(BLOBS);
  await store.close();
});

it('names every blob, however long its reader waits between two of them', async () => {
  const db = openBackupDatabase(databaseFile(dir));
  const keys: string[] = [];
  for (const key of db.namedBlobs()) {
    keys.push(key);
    collect();
    await setImmediate();
  }
  db.close();
  expect(keys).toHaveLength(BLOBS);
});
