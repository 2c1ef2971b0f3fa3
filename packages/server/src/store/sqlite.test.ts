import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { addAccount } from '../testing/rows.ts';
import { sqliteDialect } from './sqlite.ts';
import { describeStore } from './store.conformance.ts';
import { openStore } from './store.ts';

const root = mkdtempSync(path.join(tmpdir(), 'store-sqlite-'));
let last = 0;

function newFile(): string {
  last += 1;
  return path.join(root, `${last}.db`);
}

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describeStore('sqlite', async () => {
  const file = newFile();
  return { open: () => openStore(sqliteDialect(file), 'sqlite') };
});

describe('the SQLite file', () => {
  it('has every commit on disk before it is acknowledged', async () => {
    const store = await openStore(sqliteDialect(newFile()), 'sqlite');
    const pragma = async (name: string) =>
      Object.values((await sql.raw<object>(`pragma ${name}`).execute(store.db)).rows[0] ?? {})[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    await store.close();
  });

  it('is the same for a process that opens it while another has just made it', async () => {
    const file = newFile();
    const first = await openStore(sqliteDialect(file), 'sqlite');
    const second = await openStore(sqliteDialect(file), 'sqlite');
    const id = await addAccount(first);
    const rows = await second.db.selectFrom('account').select('id').execute();
    expect(rows).toEqual([{ id }]);
    await second.close();
    await first.close();
  });

  it('keeps a job’s tasks in the order of their key, so that claiming reads no index', async () => {
    const store = await openStore(sqliteDialect(newFile()), 'sqlite');
    const plan = await sql<{ detail: string }>`explain query plan
      select chunk from task where job = 1 and kind = 'APP' and run = 0 and chunk >= 5 and chunk < 9
      order by chunk`.execute(store.db);
    expect(plan.rows.map(({ detail }) => detail)).toEqual([
      'SEARCH task USING PRIMARY KEY (job=? AND kind=? AND run=? AND chunk>? AND chunk<?)',
    ]);
    await store.close();
  });
});
