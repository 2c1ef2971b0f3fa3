import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { addAccount, addChunks, addJob, addLease, resultOf, T0 } from '../testing/rows.ts';
import { findJobByNo, readJobDoc } from './jobs.ts';
import { insertEvents } from './records.ts';
import type { Fixture } from '../testing/store-fixture.ts';
import { insertStep } from './steps.ts';
import { commitResults } from './tasks.ts';

interface Column {
  name: string;
  isText: boolean;
  isNullable: boolean;
}

/** Tables and columns as tables.ts says: the names are written there and nowhere else. */
async function declaredTables(): Promise<Map<string, Column[]>> {
  const source = await readFile(new URL('./tables.ts', import.meta.url), 'utf8');
  const bodyOf = (name: string) =>
    new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(source)?.[1] ?? '';
  const fieldsOf = (name: string) =>
    Array.from(bodyOf(name).matchAll(/^ {2}(\w+): (.+);$/gm), ([, field = '', type = '']) => ({
      field,
      type,
    }));
  return new Map(
    fieldsOf('Tables').map(({ field, type }) => [
      field,
      fieldsOf(type).map((column) => ({
        name: column.field,
        isText: !/number/.test(column.type),
        isNullable: /\| null/.test(column.type),
      })),
    ]),
  );
}

export function describeSchema(fixture: Fixture): void {
  describe('schema', () => {
    it('has the tables and columns of tables.ts, in order, text where text is meant', async () => {
      const declared = await declaredTables();
      expect(declared.size).toBeGreaterThan(15);
      const found = new Map(
        (await fixture.store.db.introspection.getTables()).map((table) => [
          table.name,
          table.columns.map(({ name, dataType }) => ({
            name,
            isText: /text|char/i.test(dataType),
          })),
        ]),
      );
      expect([...found.keys()].toSorted()).toEqual([...declared.keys()].toSorted());
      for (const [table, columns] of declared) {
        const wanted = columns.map(({ name, isText }) => ({ name, isText }));
        expect({ table, columns: found.get(table) }).toEqual({ table, columns: wanted });
      }
    });

    it('allows null where tables.ts does and nowhere else', async () => {
      const declared = await declaredTables();
      for (const table of await fixture.store.db.introspection.getTables()) {
        // The first column is the key, or part of it; databases differ in how they show that.
        const columns = table.columns.slice(1);
        const nullable = columns.filter((column) => column.isNullable).map(({ name }) => name);
        const wanted = declared.get(table.name)?.filter((column) => column.isNullable);
        expect({ table: table.name, nullable: nullable.toSorted() }).toEqual({
          table: table.name,
          nullable: wanted?.map(({ name }) => name).toSorted(),
        });
      }
    });

    it('stays as it is, with all rows, when a process of this version opens it again', async () => {
      const { store } = fixture;
      const account = await addAccount(store);
      const job = await addJob(store, account, 'PARTITIONED', { num_chunks: 3 });
      await addChunks(store, job.no, 3);
      await addLease(store, job.no, 1);
      await store.transact(async (tx) => {
        await commitResults(tx, [resultOf(job.no, 0)]);
        await insertStep(tx, { job: job.no, run: 1, name: 'collect', readyAt: T0 });
        await insertEvents(tx, [{ account, job: job.no, at: T0, type: 'job', body: '{}' }]);
      });
      const everything = async () => {
        const { db } = fixture.store;
        const tables = await db.introspection.getTables();
        const rows: Record<string, unknown> = {};
        for (const { name } of tables) {
          rows[name] = await db
            .selectFrom(name as 'task')
            .selectAll()
            .execute();
        }
        return { tables, rows };
      };
      const before = await everything();
      await fixture.reopen();
      await fixture.reopen();
      expect(await everything()).toEqual(before);
      expect((await findJobByNo(fixture.store.db, job.no))?.num_chunks).toBe(3);
      expect((await readJobDoc(fixture.store.db, job.no)).tags.app).toBe('app');
    });

    it('keeps whole numbers up to 2^53 and long texts exactly', async () => {
      const { store } = fixture;
      const account = await addAccount(store);
      const error_message = `é\u{1F600}${'x'.repeat(4000)}`;
      const price = Number.MAX_SAFE_INTEGER;
      const job = await addJob(store, account, 'FAILED', { price, error_message });
      expect(await findJobByNo(store.db, job.no)).toMatchObject({ price, error_message });
    });
  });
}
