import { JOB_STATES } from '@bytenite/contract';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobDoc } from '../domain/job-doc.ts';
import { addAccount, addJob, EMPTY_DOC, T0 } from '../testing/rows.ts';
import {
  deleteJobRow,
  expiredJobs,
  findJob,
  findJobByNo,
  findJobs,
  lockJob,
  overdueJobs,
  ownerOfJobId,
  readJobDoc,
  updateJob,
} from './jobs.ts';
import { insertGarbage } from './records.ts';
import { isUniqueViolation, type Fixture } from '../testing/store-fixture.ts';

export function describeJobs(fixture: Fixture): void {
  describe('jobs', () => {
    let account: string;

    beforeEach(async () => {
      account = await addAccount(fixture.store);
    });

    it('changes nothing of a job that is no longer in the state or run that was seen', async () => {
      const { store } = fixture;
      const seen = await addJob(store, account, 'MERGING');
      const moved = await store.transact((tx) => updateJob(tx, seen, { state: 'MERGED' }));
      expect(moved?.state).toBe('MERGED');
      expect(await store.transact((tx) => updateJob(tx, seen, { price: 1 }))).toBeUndefined();
      const otherRun = { ...seen, state: 'MERGED', run: 2 } as const;
      expect(await store.transact((tx) => updateJob(tx, otherRun, { price: 1 }))).toBeUndefined();
      expect(await findJobByNo(store.db, seen.no)).toMatchObject({ state: 'MERGED', price: 0 });
    });

    it('loses no change when many transactions change one job at the same time', async () => {
      const { store } = fixture;
      const { no } = await addJob(store, account, 'PARTITIONED', { num_chunks: 20 });
      const count = async () =>
        store.transact(async (tx) => {
          const job = await lockJob(tx, no);
          await findJobByNo(tx, no);
          if (job !== undefined) await updateJob(tx, job, { committed: job.committed + 1 });
          return job?.committed;
        });
      const seen = await Promise.all(Array.from({ length: 20 }, count));
      expect(new Set(seen).size).toBe(20);
      expect((await findJobByNo(store.db, no))?.committed).toBe(20);
    });

    it('undoes all of a transaction that throws', async () => {
      const { store } = fixture;
      const job = await addJob(store, account, 'STARTED');
      const failing = store.transact(async (tx) => {
        await updateJob(tx, job, { state: 'FAILED' });
        await insertGarbage(tx, 'job/1', T0);
        throw new Error('on purpose');
      });
      await expect(failing).rejects.toThrow('on purpose');
      expect((await findJobByNo(store.db, job.no))?.state).toBe('STARTED');
      expect(await store.db.selectFrom('gc').selectAll().execute()).toEqual([]);
    });

    it('never gives the internal number of a deleted job again, though its id may come back', async () => {
      const { store } = fixture;
      const first = await addJob(store, account, 'NEW', { id: 'mine' });
      await expect(addJob(store, account, 'NEW', { id: 'mine' })).rejects.toSatisfy(
        isUniqueViolation(fixture),
      );
      await store.transact((tx) => deleteJobRow(tx, first.no));
      expect(await ownerOfJobId(store.db, 'mine')).toBeUndefined();
      const second = await addJob(store, account, 'NEW', { id: 'mine' });
      expect(second.no).toBeGreaterThan(first.no);
    });

    it('shows a job to its account only, and tells whose an id is', async () => {
      const { store } = fixture;
      const other = await addAccount(store);
      const job = await addJob(store, account);
      expect((await findJob(store.db, account, job.id))?.no).toBe(job.no);
      expect(await findJob(store.db, other, job.id)).toBeUndefined();
      expect(await ownerOfJobId(store.db, job.id)).toBe(account);
      expect(await findJobs(store.db, account, [job.id, 'no-such'])).toEqual([
        { no: job.no, id: job.id },
      ]);
      expect(await findJobs(store.db, other, [job.id])).toEqual([]);
    });

    it('keeps every byte of the user’s params', async () => {
      const { store } = fixture;
      const text =
        '{ "a" : 1.0, "big":12345678901234567890,"__proto__":{"9":1,"1":2},"é":"\\u0000" }';
      const doc: JobDoc = {
        ...EMPTY_DOC,
        description: 'quotes \' " and \\',
        params: { app: text, partitioner: '{}', assembler: null },
        templateParams: { app: '{"b":2.50}', partitioner: null, assembler: null },
        config: { taskTimeout: 1, maxTaskRetries: 0 },
        dataSource: { descriptor: 'bypass', params: null },
      };
      const job = await addJob(store, account, 'NEW', {}, doc);
      expect(await readJobDoc(store.db, job.no)).toEqual(doc);
      const again = await fixture.reopen();
      expect((await readJobDoc(again.db, job.no)).params.app).toBe(text);
    });

    it('finds running jobs past their deadline, and no others', async () => {
      const { store } = fixture;
      const late = [];
      for (const state of JOB_STATES) {
        const job = await addJob(store, account, state, { deadline_at: T0 });
        if (!['NEW', 'COMPLETE', 'FAILED'].includes(state)) late.push(job.no);
        await addJob(store, account, state, { deadline_at: T0 + 1 });
        await addJob(store, account, state, { deadline_at: null });
      }
      expect((await overdueJobs(store.db, T0, 100)).toSorted((a, b) => a - b)).toEqual(late);
      expect(await overdueJobs(store.db, T0, 3)).toHaveLength(3);
    });

    it('finds the data of ended jobs that has had its time, once', async () => {
      const { store } = fixture;
      const old = await addJob(store, account, 'COMPLETE', { ended_at: T0 });
      await addJob(store, account, 'FAILED', { ended_at: T0 + 1 });
      await addJob(store, account, 'COMPLETE', { ended_at: T0, data_state: 'expired' });
      await addJob(store, account, 'PARTITIONED', { ended_at: null });
      expect(await expiredJobs(store.db, T0, 100)).toEqual([old.no]);
    });
  });
}
