import { beforeEach, describe, expect, it } from 'vitest';
import { addAccount, addJob, T0 } from '../testing/rows.ts';
import {
  claimStep,
  takeSteps,
  extendAllSteps,
  finishStep,
  insertStep,
  jobSteps,
  postponeStep,
  releaseAllSteps,
  renewStep,
} from './steps.ts';
import { isUniqueViolation, type Fixture } from '../testing/store-fixture.ts';
import type { StepName, StepRow } from './tables.ts';

const LEASE = 1000;

export function describeSteps(fixture: Fixture): void {
  describe('steps', () => {
    let job: number;

    beforeEach(async () => {
      const account = await addAccount(fixture.store);
      job = (await addJob(fixture.store, account, 'STARTED')).no;
    });

    const add = (name: StepName, readyAt = T0, input?: string) => {
      const step = { job, run: 1, name, readyAt };
      return fixture.store.transact((tx) =>
        insertStep(tx, input === undefined ? step : { ...step, input }),
      );
    };
    const tryClaim = (owner: string, now = T0) =>
      fixture.store.transact((tx) => claimStep(tx, owner, now, LEASE));
    const claim = async (owner: string, now = T0): Promise<StepRow> => {
      const step = await tryClaim(owner, now);
      if (step === undefined) throw new Error('nothing to claim');
      return step;
    };
    const finish = (step: StepRow) => fixture.store.transact((tx) => finishStep(tx, step));
    const renew = (step: StepRow) => renewStep(fixture.store.db, step, T0 + 9 * LEASE);
    const postpone = (step: StepRow) =>
      fixture.store.transact((tx) => postponeStep(tx, step, { tries: 1, readyAt: T0 + 50 }));

    it('are claimed once, when they are due, with what the stage before handed on', async () => {
      await add('source', T0, 'an index');
      expect(await tryClaim('a', T0 - 1)).toBeUndefined();
      expect(await claim('a')).toMatchObject({
        job,
        run: 1,
        name: 'source',
        owner: 'a',
        input: 'an index',
        deadline_at: T0 + LEASE,
      });
      expect(await tryClaim('a')).toBeUndefined();
      expect(await tryClaim('b')).toBeUndefined();
    });

    it('are claimed by one of many that try at the same time', async () => {
      await add('source');
      const claims = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => tryClaim(owner)));
      expect(claims.filter((step) => step !== undefined)).toHaveLength(1);
    });

    it('are claimed longest waiting first', async () => {
      await add('deliver', T0 + 2);
      await add('source', T0 + 1);
      await add('chunks', T0 + 3);
      const names = [];
      for (let i = 0; i < 3; i++) names.push((await claim('a', T0 + 3)).name);
      expect(names).toEqual(['source', 'deliver', 'chunks']);
    });

    it('can be claimed again when their deadline has passed, with a new fence', async () => {
      await add('source');
      const old = await claim('a');
      expect(await tryClaim('b', T0 + LEASE - 1)).toBeUndefined();
      const taken = await claim('b', T0 + LEASE);
      expect(taken.fence).toBeGreaterThan(old.fence);
    });

    it('are no longer the old owner’s once claimed again: no renewal, no end, no postponement', async () => {
      await add('source');
      const old = await claim('a');
      const taken = await claim('b', T0 + LEASE);
      expect(await renew(old)).toBe(false);
      expect(await postpone(old)).toBe(false);
      expect(await finish(old)).toBe(false);
      expect(await jobSteps(fixture.store.db, job)).toEqual([taken]);
      expect(await renew(taken)).toBe(true);
      expect(await finish(taken)).toBe(true);
      expect(await finish(taken)).toBe(false);
    });

    it('are not the old claim’s either where the same owner claimed again', async () => {
      await add('source');
      const old = await claim('a');
      await claim('a', T0 + LEASE);
      expect(await renew(old)).toBe(false);
      expect(await finish(old)).toBe(false);
    });

    it('stay their owner’s while it renews', async () => {
      await add('source');
      const step = await claim('a');
      expect(await renew(step)).toBe(true);
      expect(await tryClaim('b', T0 + LEASE)).toBeUndefined();
      expect(await tryClaim('b', T0 + 9 * LEASE)).toBeDefined();
    });

    it('that somebody runs have one more span after a gap in time', async () => {
      await add('source');
      await add('deliver', T0 + 1);
      const step = await claim('a');
      await fixture.store.transact((tx) => extendAllSteps(tx, T0 + 5 * LEASE));
      expect(await claim('b', T0 + LEASE)).toMatchObject({ name: 'deliver' });
      expect(await tryClaim('b', T0 + 2 * LEASE - 1)).toBeUndefined();
      expect(await finish(step)).toBe(true);
    });

    it('wait when they are postponed, and remember how often they were tried', async () => {
      await add('source');
      const step = await claim('a');
      expect(await postpone(step)).toBe(true);
      expect(await tryClaim('b', T0 + 49)).toBeUndefined();
      expect(await claim('b', T0 + 50)).toMatchObject({ tries: 1, fence: step.fence + 1 });
    });

    it('are free at once after a restart of the only process', async () => {
      await add('source');
      const old = await claim('a');
      const store = await fixture.reopen();
      await releaseAllSteps(store.db);
      const taken = await claim('b');
      expect(taken.fence).toBe(old.fence + 1);
      expect(await finish(old)).toBe(false);
    });

    it('end with their job: the owner’s end has no effect then', async () => {
      await add('source');
      const step = await claim('a');
      await fixture.store.transact((tx) => takeSteps(tx, job));
      expect(await renew(step)).toBe(false);
      expect(await finish(step)).toBe(false);
      expect(await jobSteps(fixture.store.db, job)).toEqual([]);
    });

    it('exist once a stage and run', async () => {
      await add('source');
      await expect(add('source')).rejects.toSatisfy(isUniqueViolation(fixture));
    });
  });
}
