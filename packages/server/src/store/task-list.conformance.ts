import { TASK_STATES } from '@bytenite/contract';
import { beforeEach, describe, expect, it } from 'vitest';
import { addAccount, addChunks, addJob, addLease, resultOf, T0, taskOf } from '../testing/rows.ts';
import type { Fixture } from '../testing/store-fixture.ts';
import type { JobRow } from './tables.ts';
import { listTasks, TASK_ORDERS, type TaskListQuery } from './task-list.ts';
import { commitResults, insertTasks, updateEndedTasks } from './tasks.ts';

const END = {
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

export function describeTaskList(fixture: Fixture): void {
  describe('the list of tasks', () => {
    let job: JobRow;

    beforeEach(async () => {
      const account = await addAccount(fixture.store);
      job = await addJob(fixture.store, account, 'PARTITIONED', { num_chunks: 7 });
      await addChunks(fixture.store, job.no, 7);
    });

    const list = (patch: Partial<TaskListQuery> = {}, of = job) =>
      listTasks(fixture.store, of, {
        states: null,
        kinds: null,
        limit: 100,
        offset: 0,
        order: { field: TASK_ORDERS.chunkNumber, descending: false },
        now: T0 + 100,
        ...patch,
      });
    const chunks = async (patch: Partial<TaskListQuery> = {}, of = job) =>
      (await list(patch, of)).records.map(({ task }) => task.chunk);
    const places = async (patch: Partial<TaskListQuery> = {}) =>
      (await list(patch)).records.map(({ task }) => `${task.kind[0]}${task.run}.${task.chunk}`);
    const by = (field: keyof typeof TASK_ORDERS, descending = false) => ({
      order: { field: TASK_ORDERS[field], descending },
    });

    async function addEngineTasks(): Promise<void> {
      const tasks = [{ chunk: 0, name: '', key: '', offset: 0, length: 0 }];
      for (const kind of ['PARTITIONER', 'ASSEMBLER'] as const) {
        for (const run of [2, 1]) {
          const added = { job: job.no, kind, run, createdAt: T0, tasks };
          await fixture.store.transact((tx) => insertTasks(tx, fixture.store.dialect, added));
        }
      }
    }

    it('shows each open task in the state that its lease and its job give it', async () => {
      const { store } = fixture;
      const phases = ['ASSIGNED', 'RECEIVED', 'RUNNING', 'STAGING_OUT'] as const;
      for (const [i, phase] of phases.entries()) await addLease(store, job.no, i, { phase });
      await store.transact((tx) => commitResults(tx, [resultOf(job.no, 4)]));
      const failed = await taskOf(store, job.no, 5);
      await store.transact((tx) => updateEndedTasks(tx, [{ ...failed, ...END, state: 'failed' }]));
      const found = [];
      for (const state of TASK_STATES) found.push(await chunks({ states: [state] }));
      expect(found).toEqual([[6], [0], [1], [2, 3], [4], [5], []]);
      const ended = { ...job, state: 'FAILED' } as const;
      expect(await chunks({ states: ['SCHEDULED'] }, ended)).toEqual([]);
      // Ending a job takes its leases; a state that shows them could not be.
      expect(await chunks({ states: ['ABORTED'] }, ended)).toEqual([0, 1, 2, 3, 6]);
      const page = await list({ limit: 2, offset: 1 });
      expect(page.records.map(({ task, leases }) => [task.chunk, leases.length])).toEqual([
        [1, 1],
        [2, 1],
      ]);
      expect(page.total).toBe(7);
    });

    it('has every task once in the order of chunks, whatever the page, both ways', async () => {
      await addEngineTasks();
      const all = await places();
      expect(all).toEqual('P1.0 P2.0 A0.0 A1.0 A2.0 A0.1 A0.2 A0.3 A0.4 A0.5 A0.6'.split(' '));
      for (const descending of [false, true]) {
        const wanted = descending ? all.toReversed() : all;
        for (const limit of [1, 2, 3, 5, 11, 12]) {
          const pages = [];
          for (let offset = 0; offset <= 12; offset += limit) {
            pages.push(...(await places({ limit, offset, ...by('chunkNumber', descending) })));
          }
          expect(pages).toEqual(wanted);
        }
      }
      // Looked through as a whole, with a filter that all pass, it is in the same order.
      expect(await places({ states: ['SCHEDULED', 'ABORTED'] })).toEqual(all);
      expect((await list({ limit: 3, offset: 100 })).total).toBe(11);
    });

    it('numbers only the kinds asked for', async () => {
      await addEngineTasks();
      expect(await places({ kinds: ['ASSEMBLER', 'PARTITIONER'] })).toEqual(
        'P1.0 P2.0 A1.0 A2.0'.split(' '),
      );
      expect(await places({ kinds: ['APP'], offset: 5 })).toEqual(['A0.5', 'A0.6']);
      expect((await list({ kinds: ['APP'], limit: 1 })).total).toBe(7);
      expect((await list({ kinds: ['PARTITIONER'], states: ['RUNNING'] })).total).toBe(0);
    });

    it('is ordered by what replies show: of an open task that is its live attempt', async () => {
      const { store } = fixture;
      // 0: its second attempt runs; 1: committed; 2: failed; 3: assigned; the rest wait.
      const again = await taskOf(store, job.no, 0);
      await store.transact((tx) => updateEndedTasks(tx, [{ ...again, ...END, state: 'open' }]));
      const running = { phase: 'RUNNING', attempt: 2, started_at: T0 + 50 } as const;
      await addLease(store, job.no, 0, running);
      const times = { started_at: T0 + 10, ended_at: T0 + 90 };
      await store.transact((tx) => commitResults(tx, [resultOf(job.no, 1, times)]));
      const failed = await taskOf(store, job.no, 2);
      await store.transact((tx) => updateEndedTasks(tx, [{ ...failed, ...END, state: 'failed' }]));
      await addLease(store, job.no, 3, { phase: 'ASSIGNED' });
      expect(await chunks(by('startedAt'))).toEqual([3, 4, 5, 6, 2, 1, 0]);
      expect(await chunks(by('completedAt'))).toEqual([0, 3, 4, 5, 6, 2, 1]);
      expect(await chunks(by('duration'))).toEqual([3, 4, 5, 6, 2, 0, 1]);
      expect(await chunks(by('attempt'))).toEqual([4, 5, 6, 1, 2, 3, 0]);
      expect(await chunks(by('state'))).toEqual([3, 1, 2, 0, 4, 5, 6]);
      expect(await chunks(by('price'))).toEqual([3, 4, 5, 6, 0, 2, 1]);
      expect(await chunks(by('price', true))).toEqual([1, 2, 0, 6, 5, 4, 3]);
      expect(await chunks(by('createdAt'))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    });
  });
}
