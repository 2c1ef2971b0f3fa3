import { beforeEach, describe, expect, it } from 'vitest';
import { addAccount, addChunks, addJob, resultOf, T0 } from '../testing/rows.ts';
import { lockJob } from './jobs.ts';
import { readOrCreateMeta } from './meta.ts';
import {
  deleteEventsBefore,
  deleteGarbage,
  deleteJobRecords,
  dueGarbage,
  eventBounds,
  eventsAfter,
  findOutput,
  findUpload,
  insertEvents,
  insertGarbage,
  insertLogPack,
  insertOutputs,
  insertPins,
  listOutputs,
  logPacks,
  saveUpload,
} from './records.ts';
import { untilSettled, type Fixture } from '../testing/store-fixture.ts';
import { commitResults, insertAttempts } from './tasks.ts';

export function describeRecords(fixture: Fixture): void {
  describe('records', () => {
    let account: string;
    let job: number;

    beforeEach(async () => {
      account = await addAccount(fixture.store);
      job = (await addJob(fixture.store, account, 'PARTITIONED')).no;
    });

    describe('events', () => {
      const add = async (bodies: string[], at = T0, owner = account) => {
        await fixture.store.transact((tx) =>
          insertEvents(
            tx,
            bodies.map((body) => ({ account: owner, job, at, type: 'job' as const, body })),
          ),
        );
        await untilSettled(fixture.store);
      };
      const after = (afterId: number, limit = 100, owner = account, of: number | null = null) =>
        eventsAfter(fixture.store.db, { account: owner, afterId, job: of, limit });

      it('are read in the order in which they were written, from where the reader was', async () => {
        await add(['a', 'b']);
        await add(['c', 'd']);
        const first = await after(0, 3);
        expect(first.map((event) => event.body)).toEqual(['a', 'b', 'c']);
        expect((await after(first[2]?.id ?? 0)).map((event) => event.body)).toEqual(['d']);
        expect(await eventBounds(fixture.store.db)).toMatchObject({ first: first[0]?.id });
      });

      it('are seen by their account only, and of one job where one is asked for', async () => {
        const other = await addAccount(fixture.store);
        await add(['mine']);
        await add(['theirs'], T0, other);
        expect((await after(0)).map((event) => event.body)).toEqual(['mine']);
        expect((await after(0, 9, other)).map((event) => event.body)).toEqual(['theirs']);
        expect(await after(0, 9, account, job + 1)).toEqual([]);
      });

      it('are forgotten by age but for the newest, a bounded number at a time; ids do not come back', async () => {
        await add(['a', 'b', 'c'], T0);
        await add(['d'], T0 + 1);
        const { last } = await eventBounds(fixture.store.db);
        expect(await deleteEventsBefore(fixture.store.db, T0 + 1, 2)).toBe(2);
        expect(await deleteEventsBefore(fixture.store.db, T0 + 2, 9)).toBe(1);
        expect(await eventBounds(fixture.store.db)).toEqual({ first: last, last });
        await add(['e']);
        expect((await after(last))[0]?.id).toBeGreaterThan(last);
      });
    });

    describe('log packs', () => {
      const pack = (of: number, patch: object = {}) => ({
        job: of,
        account,
        from_at: T0,
        to_at: T0 + 10,
        levels: 1,
        kinds: 2,
        key: 'k',
        length: 5,
        chunk_from: 0,
        chunk_to: 9,
        ...patch,
      });
      const query = { kinds: 7, levels: 255, chunks: null, since: null, until: null };
      const found = async (patch: object = {}) =>
        (await logPacks(fixture.store.db, { job, ...query, ...patch })).map((row) => row.n);

      it('are numbered from one within each job, without a gap, also when written at once', async () => {
        const { store } = fixture;
        const other = (await addJob(store, account)).no;
        const add = (of: number) =>
          store.transact(async (tx) => {
            await lockJob(tx, of);
            await insertLogPack(tx, pack(of));
          });
        await Promise.all([add(job), add(other), add(job), add(job), add(other)]);
        expect(await found()).toEqual([3, 2, 1]);
        expect((await logPacks(store.db, { job: other, ...query })).map((row) => row.n)).toEqual([
          2, 1,
        ]);
      });

      it('are found by kind, level, time and chunk', async () => {
        const { store } = fixture;
        await store.transact(async (tx) => {
          await insertLogPack(tx, pack(job, { kinds: 1, levels: 4 }));
          await insertLogPack(tx, pack(job, { from_at: T0 + 20, to_at: T0 + 30 }));
          await insertLogPack(tx, pack(job, { chunk_from: 100, chunk_to: 100 }));
        });
        expect(await found({ kinds: 1 })).toEqual([1]);
        expect(await found({ levels: 1 })).toEqual([3, 2]);
        expect(await found({ since: T0 + 11 })).toEqual([2]);
        expect(await found({ until: T0 + 19 })).toEqual([3, 1]);
        expect(await found({ chunks: [100] })).toEqual([3]);
        expect(await found({ chunks: [5, 6] })).toEqual([2, 1]);
      });
    });

    describe('outputs, uploads, pins and facts', () => {
      it('an output is kept once a path and run, and found by it', async () => {
        const { store } = fixture;
        const output = { job, run: 1, path: 'a/b', key: 'k', offset: 2 ** 33, length: 3 };
        const rows = [output, { ...output, path: 'B' }, { ...output, run: 2, path: 'c' }];
        await store.transact((tx) => insertOutputs(tx, rows));
        await store.transact((tx) => insertOutputs(tx, [{ ...output, key: 'other' }]));
        expect((await listOutputs(store.db, job, 1)).map((row) => row.path)).toEqual(['B', 'a/b']);
        expect(await findOutput(store.db, job, 1, 'a/b')).toEqual(output);
        expect(await findOutput(store.db, job, 2, 'a/b')).toBeUndefined();
      });

      it('the last upload of a job counts', async () => {
        const { store } = fixture;
        const upload = {
          job,
          key: null,
          name: '',
          size_bytes: 0,
          sha256: '',
          state: 'open' as const,
        };
        const received = {
          ...upload,
          key: 'k',
          name: 'n',
          size_bytes: 2 ** 40,
          state: 'received' as const,
        };
        await store.transact((tx) => saveUpload(tx, upload));
        await store.transact((tx) => saveUpload(tx, received));
        expect(await findUpload(store.db, job)).toEqual(received);
      });

      it('a pin may be set twice', async () => {
        const pin = { job, component: 'c', revision: 1 };
        for (let i = 0; i < 2; i++) await fixture.store.transact((tx) => insertPins(tx, [pin]));
        expect(await fixture.store.db.selectFrom('pin').selectAll().execute()).toEqual([pin]);
      });

      it('a fact is made once, and all who ask get the same', async () => {
        const { db } = fixture.store;
        let made = 0;
        const ask = () => readOrCreateMeta(db, 'fact', () => `made ${(made += 1)}`);
        expect(new Set(await Promise.all([ask(), ask(), ask()])).size).toBe(1);
        expect(await readOrCreateMeta((await fixture.reopen()).db, 'fact', () => 'new')).toBe(
          'made 1',
        );
      });
    });

    describe('garbage', () => {
      it('is due from its time on, in the order in which it was named', async () => {
        const { store } = fixture;
        await store.transact(async (tx) => {
          await insertGarbage(tx, 'job/9', T0);
          await insertGarbage(tx, 'job/8', T0 + 1);
          await insertGarbage(tx, 'job/7', T0);
        });
        const due = await dueGarbage(store.db, T0, 10);
        expect(due.map(({ prefix }) => prefix)).toEqual(['job/9', 'job/7']);
        for (const { id } of due) await deleteGarbage(store.db, id);
        expect(await dueGarbage(store.db, T0, 10)).toEqual([]);
      });

      it('of a job’s rows goes a bounded number at a time, and leaves other jobs’ rows', async () => {
        const { store } = fixture;
        const other = (await addJob(store, account)).no;
        for (const no of [job, other]) {
          await addChunks(store, no, 25);
          await store.transact(async (tx) => {
            await commitResults(tx, [resultOf(no, 3)]);
            const attempt = {
              job: no,
              kind: 'APP' as const,
              run: 0,
              chunk: 4,
              attempt: 1,
              runner: '',
            };
            const end = { started_at: null, ended_at: T0, exit_code: null, error_message: '' };
            await insertAttempts(tx, [{ ...attempt, ...end, reason: 'INTERNAL' }]);
            await insertPins(tx, [{ job: no, component: 'c', revision: 1 }]);
          });
        }
        let rounds = 0;
        while (await deleteJobRecords(store.db, job, 10)) rounds += 1;
        expect(rounds).toBe(4);
        const left = async (table: 'task' | 'attempt' | 'pin') =>
          (await store.db.selectFrom(table).select('job').distinct().execute()).map(
            (row) => row.job,
          );
        for (const table of ['task', 'attempt', 'pin'] as const)
          expect(await left(table)).toEqual([other]);
      });
    });
  });
}
