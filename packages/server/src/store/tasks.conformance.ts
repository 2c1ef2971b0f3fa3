import type { JobRow } from './tables.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { addAccount, addChunks, addJob, leaseOf, resultOf, T0, taskOf } from '../testing/rows.ts';
import { insertLeases } from './leases.ts';
import type { Fixture } from '../testing/store-fixture.ts';
import {
  chunkSources,
  commitResults,
  endedAttempts,
  insertAttempts,
  insertTasks,
  resultPage,
  taskSources,
  updateEndedTasks,
} from './tasks.ts';

const END = {
  state: 'open' as const,
  attempts: 1,
  retries: 1,
  losses: 0,
  runner: 'runner',
  assigned_at: T0,
  received_at: null,
  started_at: T0 + 1,
  ended_at: T0 + 2,
  reason: 'EXIT_NONZERO' as const,
  error_message: 'exit code 1',
  price: 3,
  stats: null,
};

const ascending = (a: number, b: number) => a - b;

export function describeTasks(fixture: Fixture): void {
  describe('tasks', () => {
    let job: JobRow;

    beforeEach(async () => {
      const account = await addAccount(fixture.store);
      job = await addJob(fixture.store, account, 'PARTITIONED', { num_chunks: 4 });
      await addChunks(fixture.store, job.no, 4);
    });

    it('commits exactly the tasks that are still open, and says which', async () => {
      const { store } = fixture;
      const chunksOf = (rows: { chunk: number }[]) =>
        rows.map((row) => row.chunk).toSorted(ascending);
      const commit = (...chunks: number[]) =>
        store.transact((tx) =>
          commitResults(
            tx,
            chunks.map((chunk) => resultOf(job.no, chunk)),
          ),
        );
      expect(chunksOf(await commit(0, 2))).toEqual([0, 2]);
      expect(chunksOf(await commit(0, 1, 2))).toEqual([1]);
      expect(chunksOf(await commit(2, 3))).toEqual([3]);
    });

    it('a commit keeps what the task was made of and adds to its price', async () => {
      const { store } = fixture;
      const before = await taskOf(store, job.no, 1);
      await store.transact((tx) => updateEndedTasks(tx, [{ ...before, ...END }]));
      const patch = { winner: 2, price: 7, stats: '{}' };
      await store.transact((tx) => commitResults(tx, [resultOf(job.no, 1, patch)]));
      expect(await taskOf(store, job.no, 1)).toEqual({
        ...before,
        ...resultOf(job.no, 1, patch),
        state: 'committed',
        attempts: 2,
        retries: 1,
        price: 10,
        reason: 'EXIT_NONZERO',
        error_message: 'exit code 1',
      });
    });

    it('a committed result is never replaced', async () => {
      const { store } = fixture;
      await store.transact((tx) => commitResults(tx, [resultOf(job.no, 0)]));
      const committed = await taskOf(store, job.no, 0);
      const other = resultOf(job.no, 0, { winner: 2, result_sha: 'other' });
      expect(await store.transact((tx) => commitResults(tx, [other]))).toEqual([]);
      await store.transact((tx) =>
        updateEndedTasks(tx, [{ ...committed, ...END, state: 'failed' }]),
      );
      expect(await taskOf(store, job.no, 0)).toEqual(committed);
    });

    it('a failed task takes no result', async () => {
      const { store } = fixture;
      const task = await taskOf(store, job.no, 0);
      await store.transact((tx) => updateEndedTasks(tx, [{ ...task, ...END, state: 'failed' }]));
      expect(await store.transact((tx) => commitResults(tx, [resultOf(job.no, 0)]))).toEqual([]);
      expect(await taskOf(store, job.no, 0)).toMatchObject({ state: 'failed', winner: null });
    });

    it('recording chunks again leaves those that are there as they are', async () => {
      const { store } = fixture;
      await store.transact((tx) => commitResults(tx, [resultOf(job.no, 0)]));
      const before = await taskOf(store, job.no, 0);
      const tasks = [0, 4].map((chunk) => ({ chunk, name: 'new', key: 'k', offset: 0, length: 1 }));
      const added = { job: job.no, kind: 'APP', run: 0, createdAt: T0 + 9, tasks } as const;
      await store.transact((tx) => insertTasks(tx, store.dialect, added));
      expect(await taskOf(store, job.no, 0)).toEqual(before);
      expect(await taskOf(store, job.no, 4)).toMatchObject({ name: 'new', state: 'open' });
    });

    it('takes thousands of rows in one statement', async () => {
      const { store } = fixture;
      const many = await addJob(store, job.account, 'PARTITIONED', { num_chunks: 2000 });
      await addChunks(store, many.no, 2000);
      const leases = Array.from({ length: 1000 }, (_, chunk) => leaseOf(many.no, chunk));
      await store.transact((tx) => insertLeases(tx, leases));
      const results = Array.from({ length: 1000 }, (_, chunk) => resultOf(many.no, chunk));
      expect(await store.transact((tx) => commitResults(tx, results))).toHaveLength(1000);
    });

    it('gives the sources of chunks by range in order, and by name', async () => {
      const { store } = fixture;
      const range = await chunkSources(store.db, job.no, { from: 1, to: 3 });
      expect(range.map((row) => [row.chunk, row.name, row.source_offset])).toEqual([
        [1, 'data_1.bin', 10],
        [2, 'data_2.bin', 20],
      ]);
      const named = await taskSources(store.db, job.no, 'APP', 0, [3, 0]);
      expect(named.map((row) => row.chunk).toSorted(ascending)).toEqual([0, 3]);
      expect(await taskSources(store.db, job.no, 'ASSEMBLER', 1, [0])).toEqual([]);
    });

    it('pages through results in chunk order, each once', async () => {
      const { store } = fixture;
      await store.transact((tx) => commitResults(tx, [resultOf(job.no, 2)]));
      const tasks = [{ chunk: 0, name: '', key: 'k', offset: 0, length: 1 }];
      const engine = { job: job.no, kind: 'ASSEMBLER', run: 1, createdAt: T0, tasks } as const;
      await store.transact((tx) => insertTasks(tx, store.dialect, engine));
      const first = await resultPage(store.db, job.no, -1, 3);
      const rest = await resultPage(store.db, job.no, first.at(-1)?.chunk ?? 0, 3);
      expect([...first, ...rest].map(({ chunk, state }) => `${chunk} ${state}`)).toEqual([
        '0 open',
        '1 open',
        '2 committed',
        '3 open',
      ]);
    });

    it('records an ended attempt once, and gives those of the tasks asked for', async () => {
      const { store } = fixture;
      const attempt = (chunk: number, n: number, kind: 'APP' | 'ASSEMBLER' = 'APP') => ({
        job: job.no,
        kind,
        run: kind === 'APP' ? 0 : 1,
        chunk,
        attempt: n,
        runner: 'runner',
        started_at: null,
        ended_at: T0,
        exit_code: n,
        reason: 'EXIT_NONZERO' as const,
        error_message: '',
      });
      const rows = [attempt(0, 2), attempt(0, 1), attempt(1, 1), attempt(0, 1, 'ASSEMBLER')];
      await store.transact((tx) => insertAttempts(tx, rows));
      await store.transact((tx) => insertAttempts(tx, [{ ...attempt(0, 1), exit_code: 99 }]));
      const found = await endedAttempts(store.db, job.no, [{ kind: 'APP', run: 0, chunk: 0 }]);
      expect(found.map((row) => [row.attempt, row.exit_code])).toEqual([
        [1, 1],
        [2, 2],
      ]);
    });
  });
}
