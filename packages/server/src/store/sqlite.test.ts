import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CompiledQuery, Kysely, sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { addAccount, T0 } from '../testing/rows.ts';
import { expiredJobs, overdueJobs } from './jobs.ts';
import { waitingAccounts, waitingJobs } from './queue.ts';
import { jobsWithDueLeases } from './leases.ts';
import { insertReady, ORDINARY, takeReady } from './ready.ts';
import { sqliteDialect } from './sqlite.ts';
import { describeStore } from './store.conformance.ts';
import { openStore, type Db } from './store.ts';
import type { Tables } from './tables.ts';
import { chunkSources, endedAttempts, resultPage } from './tasks.ts';

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

  it('finds what there is to do without a look at finished jobs, tasks and attempts', async () => {
    const file = newFile();
    await (await openStore(sqliteDialect(file), 'sqlite')).close();
    const plan = await planOf(file, async (db) => {
      await waitingAccounts(db, T0);
      await waitingJobs(db, 'account', T0, { after: { rank: 1, no: 5 }, limit: 64, maxDue: 500 });
      await overdueJobs(db, T0, 100);
      await expiredJobs(db, T0, 100);
      await jobsWithDueLeases(db, T0, 100);
      await chunkSources(db, 1, { from: 5, to: 9 });
      await resultPage(db, 1, 5, 100);
      await endedAttempts(db, 1, [{ kind: 'APP', run: 0, chunk: 5 }]);
    });
    const chunks = (table: string, chunk: string) =>
      `SEARCH ${table} USING PRIMARY KEY (job=? AND kind=? AND run=? AND chunk${chunk})`;
    expect(plan.filter((line) => line.includes('ORDER BY'))).toEqual([]);
    expect(plan.filter((line) => /^(SCAN|SEARCH)/.test(line))).toEqual([
      'SCAN account USING INDEX sqlite_autoindex_account_1',
      'SEARCH job EXISTS USING INDEX job_waiting (account=?)',
      'SEARCH ready USING COVERING INDEX ready_due (job=? AND ready_at<?)',
      'SEARCH job USING INDEX job_waiting (account=?)',
      'SEARCH ready USING COVERING INDEX ready_due (job=? AND ready_at<?)',
      'SEARCH ready USING COVERING INDEX ready_due (job=? AND ready_at<?)',
      // The few that were counted, not the table.
      'SCAN counted',
      'SEARCH ready USING COVERING INDEX ready_class (job=? AND alone=? AND memory_bytes>?)',
      'SEARCH ready USING COVERING INDEX ready_class (job=? AND alone=? AND memory_bytes>?)',
      'SCAN job USING INDEX job_waiting', // of running jobs only: the index holds no others
      'SEARCH job USING COVERING INDEX job_expiry (ended_at<?)',
      'SEARCH lease USING INDEX lease_deadline (deadline_at<?)',
      chunks('task', '>? AND chunk<?'),
      chunks('task', '>?'),
      chunks('attempt', '=?'),
    ]);
  });

  it('takes tasks that wait in the order of an index, whatever number waits since the same moment', async () => {
    const file = newFile();
    const store = await openStore(sqliteDialect(file), 'sqlite');
    const task = { job: 1, kind: 'APP', run: 0 } as const;
    const rows = [1, 2].map((chunk) => ({ ...task, chunk, attempt: 2, ready_at: T0 }));
    await store.transact((tx) => insertReady(tx, rows));
    await store.close();
    const plan = await planOf(file, (db) =>
      db.transaction().execute((tx) => takeReady(tx, { ...task, ...ORDINARY }, T0, 9)),
    );
    expect(plan).toEqual([
      'SEARCH ready USING INDEX ready_class (job=? AND alone=? AND memory_bytes=? AND ready_at<?)',
      'SEARCH ready USING PRIMARY KEY (job=? AND kind=? AND run=? AND chunk=?)',
    ]);
  });
});

/** How SQLite runs the statements of `body`. */
async function planOf(file: string, body: (db: Db) => Promise<unknown>): Promise<string[]> {
  const queries: CompiledQuery[] = [];
  const db = new Kysely<Tables>({
    dialect: sqliteDialect(file),
    log: (event) => void queries.push(event.query),
  });
  await body(db);
  const plan: string[] = [];
  for (const { sql: text, parameters } of queries.splice(0)) {
    if (/^(begin|commit)/.test(text)) continue;
    const explain = CompiledQuery.raw(`explain query plan ${text}`, [...parameters]);
    const { rows } = await db.executeQuery<{ detail: string }>(explain);
    plan.push(...rows.map(({ detail }) => detail));
  }
  await db.destroy();
  return plan;
}
