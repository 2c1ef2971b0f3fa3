import { beforeEach, describe, expect, it } from 'vitest';
import { parseFilters } from '../domain/filter.ts';
import type { Fixture } from '../testing/store-fixture.ts';
import { addAccount, addJob, EMPTY_DOC, T0 } from '../testing/rows.ts';
import { JOB_FIELDS, listJobs, type JobListQuery } from './job-list.ts';

type Field = keyof typeof JOB_FIELDS;

export function describeJobList(fixture: Fixture): void {
  describe('the list of jobs', () => {
    let account: string;

    beforeEach(async () => {
      account = await addAccount(fixture.store);
    });

    const list = (patch: Partial<JobListQuery> = {}) =>
      listJobs(fixture.store, {
        account,
        filters: [],
        order: null,
        limit: 100,
        offset: 0,
        now: T0,
        ...patch,
      });
    const ids = async (patch: Partial<JobListQuery> = {}) =>
      (await list(patch)).rows.map(({ id }) => id);
    const ordered = (field: Field, descending = false) =>
      ids({ order: { field: JOB_FIELDS[field], descending } });
    const where = (field: string, condition: 'EQ' | 'NEQ' | 'NOT_IN' | 'LIKE', value: unknown) =>
      ids({ filters: parseFilters([{ field, condition, value }], JOB_FIELDS) });
    const add = (id: string, patch: Parameters<typeof addJob>[3] = {}, doc = EMPTY_DOC) =>
      addJob(fixture.store, account, 'NEW', { id, ...patch }, doc);

    it('is the newest first, a page at a time, and counts them all', async () => {
      for (const id of ['c', 'a', 'e', 'b', 'd']) await add(id);
      const page = await list({ limit: 2, offset: 1 });
      expect(page.rows.map(({ id }) => id)).toEqual(['b', 'e']);
      expect(page.total).toBe(5);
      expect((await list({ limit: 2, offset: 4 })).total).toBe(5);
      expect(await list({ limit: 2, offset: 9 })).toEqual({ rows: [], total: 5 });
    });

    it('holds the jobs of one account', async () => {
      await add('mine');
      const other = await addAccount(fixture.store);
      expect(await list({ account: other })).toEqual({ rows: [], total: 0 });
      const filters = parseFilters([{ field: 'id', value: 'mine' }], JOB_FIELDS);
      expect(await list({ account: other, filters })).toEqual({ rows: [], total: 0 });
    });

    it('orders equal values by id, and is the other way round in descending order', async () => {
      await add('b', { name: 'x' });
      await add('c', { name: 'a' });
      await add('a', { name: 'x' });
      expect(await ordered('name')).toEqual(['c', 'a', 'b']);
      expect(await ordered('name', true)).toEqual(['b', 'a', 'c']);
      expect(await ordered('priority')).toEqual(['a', 'b', 'c']);
    });

    it('has what is unset before every time, and different from each', async () => {
      await add('late', { ended_at: T0 + 9 });
      await add('unset');
      await add('early', { ended_at: T0 });
      expect(await ordered('endedAt')).toEqual(['unset', 'early', 'late']);
      expect(await ordered('endedAt', true)).toEqual(['late', 'early', 'unset']);
      const time = new Date(T0).toISOString();
      expect(await where('endedAt', 'EQ', null)).toEqual(['unset']);
      expect(await where('endedAt', 'NEQ', null)).toEqual(['early', 'late']);
      expect(await where('endedAt', 'NEQ', time)).toEqual(['unset', 'late']);
      expect(await where('endedAt', 'NOT_IN', [time])).toEqual(['unset', 'late']);
    });

    it('has the effective tolerance as text, however it was given', async () => {
      const add3 = (id: string, toleratedFailures: string | number) =>
        add(id, {}, { ...EMPTY_DOC, config: { toleratedFailures } });
      await add3('number', 3);
      await add3('text', '3');
      await add3('percent', '2%');
      await add('none');
      const field = 'config.toleratedFailures';
      expect((await where(field, 'EQ', '3')).toSorted()).toEqual(['number', 'text']);
      expect(await where(field, 'EQ', '2%')).toEqual(['percent']);
      expect(await where(field, 'EQ', '')).toEqual(['none']);
    });

    it('finds text whatever its case, within ASCII and beyond', async () => {
      await add('a', { name: 'Årsrapport 50%' });
      await add('b', { name: 'back\\slash_' });
      expect(await where('name', 'LIKE', 'årsRAPPORT')).toEqual(['a']);
      expect(await where('name', 'LIKE', 'RAPPORT')).toEqual(['a']);
      expect(await where('name', 'LIKE', 'rapport%')).toEqual([]);
      expect(await where('name', 'LIKE', '_ack%')).toEqual(['b']);
      expect(await where('name', 'LIKE', '\\')).toEqual(['b']);
      expect(await where('name', 'LIKE', "' or 1=1 --")).toEqual([]);
    });
  });
}
