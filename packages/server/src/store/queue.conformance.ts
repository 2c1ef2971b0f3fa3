import { beforeEach, describe, expect, it } from 'vitest';
import { addAccount, addJob, addLease, T0 } from '../testing/rows.ts';
import type { Fixture } from '../testing/store-fixture.ts';
import { insertReady } from './ready.ts';
import {
  heldByAccount,
  placeOf,
  readUsage,
  saveUsage,
  unfinishedTasks,
  waitingAccounts,
  waitingJobs,
  type JobPlace,
} from './queue.ts';
import { updateAccount } from './accounts.ts';

export function describeQueue(fixture: Fixture): void {
  describe('queue', () => {
    let account: string;

    beforeEach(async () => {
      account = await addAccount(fixture.store);
    });

    const at = async (now: number, limit = 10, after: JobPlace | null = null) =>
      (await waitingJobs(fixture.store.db, account, now, { after, limit, maxDue: 9 })).map(
        (job) => job.no,
      );

    const wait = async (job: number, readyAt: number, chunk = 0) =>
      fixture.store.transact((tx) =>
        insertReady(tx, [{ job, kind: 'APP', run: 1, chunk, attempt: 1, ready_at: readyAt }]),
      );

    it('has the jobs with a task to claim now, the oldest first', async () => {
      const { store } = fixture;
      const fresh = await addJob(store, account, 'PARTITIONED', { num_chunks: 2, cursor: 1 });
      await addJob(store, account, 'PARTITIONED', { num_chunks: 2, cursor: 2 });
      const waits = await addJob(store, account, 'PARTITIONED', { num_chunks: 1, cursor: 1 });
      const merging = await addJob(store, account, 'MERGING');
      await addJob(store, account, 'TASKS_COMPLETED', { num_chunks: 2, cursor: 0 });
      await addJob(store, account, 'FAILED', { num_chunks: 2, cursor: 0 });
      await wait(waits.no, T0 + 1);
      await wait(merging.no, T0);
      expect(await at(T0)).toEqual([fresh.no, merging.no]);
      expect(await at(T0 + 1)).toEqual([fresh.no, waits.no, merging.no]);
      expect(await at(T0 + 1, 2)).toEqual([fresh.no, waits.no]);
      expect(await at(T0 + 1, 2, placeOf(waits))).toEqual([merging.no]);
    });

    it('is ordered by priority before age; none and balanced are the same', async () => {
      const { store } = fixture;
      const waiting = { num_chunks: 1, cursor: 0 };
      const add = async (priority: 'CHEAP' | 'BALANCED' | 'FAST' | 'UNDEFINED') =>
        addJob(store, account, 'PARTITIONED', { ...waiting, priority });
      const cheap = await add('CHEAP');
      const none = await add('UNDEFINED');
      const balanced = await add('BALANCED');
      const fast = await add('FAST');
      const laterNone = await add('UNDEFINED');
      const inOrder = [fast, none, balanced, laterNone, cheap];
      expect(await at(T0)).toEqual(inOrder.map(({ no }) => no));
      for (let i = 0; i < inOrder.length; i += 1) {
        const job = inOrder[i];
        if (job === undefined) throw new Error('a job is wanted');
        expect(await at(T0, 9, placeOf(job))).toEqual(inOrder.slice(i + 1).map(({ no }) => no));
      }
    });

    it('knows how many tasks of a job wait: those never claimed, and those that are due', async () => {
      const { store } = fixture;
      const job = await addJob(store, account, 'PARTITIONED', { num_chunks: 9, cursor: 5 });
      await wait(job.no, T0, 1);
      await wait(job.no, T0 + 1, 2);
      const waiting = async (now: number, maxDue = 9) =>
        (await waitingJobs(store.db, account, now, { after: null, limit: 9, maxDue }))[0]?.waiting;
      expect(await waiting(T0)).toBe(5);
      expect(await waiting(T0 + 1)).toBe(6);
      expect(await waiting(T0 + 1, 1)).toBe(5);
    });

    it('has the accounts that wait, with the limits of their own, and no others', async () => {
      const { store } = fixture;
      await addJob(store, account, 'PARTITIONED', { num_chunks: 1, cursor: 0 });
      const done = await addAccount(store);
      await addJob(store, done, 'PARTITIONED', { num_chunks: 1, cursor: 1 });
      const limited = await addAccount(store);
      await addJob(store, limited, 'PARTITIONED', { num_chunks: 1, cursor: 0 });
      await updateAccount(store.db, limited, { limits: '{"cpus":3}' });
      expect(await waitingAccounts(store.db, T0)).toEqual([
        { id: account, limits: null },
        { id: limited, limits: { cpus: 3 } },
      ]);
    });

    it('sums up what the tasks of each account hold', async () => {
      const { store } = fixture;
      const other = await addAccount(store);
      await addLease(store, 1, 0, { account, cpus: 0.5, memory_bytes: 2 ** 40 });
      await addLease(store, 1, 1, { account, cpus: 2, memory_bytes: 1 });
      await addLease(store, 2, 0, { account: other, cpus: 1, memory_bytes: 7 });
      expect(await heldByAccount(store.db)).toEqual(
        new Map([
          [account, { tasks: 2, cpus: 2.5, memoryBytes: 2 ** 40 + 1 }],
          [other, { tasks: 1, cpus: 1, memoryBytes: 7 }],
        ]),
      );
    });

    it('counts usage once where two servers counted it at the same time', async () => {
      const { store } = fixture;
      const first = { amount: 1.5, at: T0 };
      await saveUsage(store.db, account, null, first);
      await saveUsage(store.db, account, null, { amount: 9, at: T0 });
      expect(await readUsage(store.db)).toEqual(new Map([[account, first]]));
      const second = { amount: 2.5, at: T0 + 1 };
      await saveUsage(store.db, account, first, second);
      await saveUsage(store.db, account, first, { amount: 9, at: T0 + 1 });
      expect(await readUsage(store.db)).toEqual(new Map([[account, second]]));
    });

    it('counts the chunks of running jobs that are not done', async () => {
      const { store } = fixture;
      expect(await unfinishedTasks(store.db, account)).toBe(0);
      await addJob(store, account, 'PARTITIONED', { num_chunks: 9, committed: 3, failed: 1 });
      await addJob(store, account, 'TASKS_COMPLETED', { num_chunks: 4, committed: 4 });
      await addJob(store, account, 'FAILED', { num_chunks: 50 });
      expect(await unfinishedTasks(store.db, account)).toBe(5);
    });
  });
}
