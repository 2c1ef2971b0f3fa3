import { describe, expect, it } from 'vitest';
import { addAccount, addJob, addLease, T0, unique } from '../testing/rows.ts';
import type { Fixture } from '../testing/store-fixture.ts';
import {
  countUsableRunnerTokens,
  endRunnerToken,
  findUsableRunnerToken,
  insertRunnerToken,
  listRunnerTokens,
} from './runner-tokens.ts';
import {
  countTasksOf,
  findRunner,
  forgetRunnersBefore,
  lockRunner,
  noteRunnersSeen,
  saveRunner,
  setRunnerDraining,
  tasksByRunner,
} from './runners.ts';

export function describeRunners(fixture: Fixture): void {
  const save = (id: string, more: object = {}) =>
    fixture.store.transact((tx) =>
      saveRunner(tx, {
        id,
        token: '',
        incarnation: `${id}-1`,
        instance: '',
        facts: '{}',
        registered_at: T0,
        seen_at: T0,
        ...more,
      }),
    );
  const tokenOf = (name: string) => ({
    id: unique('token'),
    name,
    hash: unique('hash'),
    fingerprint: 'ab',
    created_at: T0,
    revoked_at: null,
  });

  describe('runners', () => {
    it('that register again keep what the operator said of them', async () => {
      const { store } = fixture;
      const id = unique('host');
      await save(id);
      expect(await setRunnerDraining(store.db, id, { draining: true, reason: 'disk' })).toBe(true);
      await save(id, { incarnation: `${id}-2`, seen_at: T0 + 5 });
      expect(await findRunner(store.db, id)).toMatchObject({
        draining: 1,
        drain_reason: 'disk',
        incarnation: `${id}-2`,
        token_name: null,
      });
      const locked = await store.transact((tx) => lockRunner(tx, id));
      expect(locked).toMatchObject({ id, seen_at: T0 + 5 });
      const change = { draining: true, reason: '' };
      expect(await setRunnerDraining(store.db, 'unknown', change)).toBe(false);
    });

    it('are noted as seen by their incarnation, never back in time, and forgotten unless drained', async () => {
      const { store } = fixture;
      const [a, b] = [unique('host'), unique('host')];
      for (const id of [a, b]) await save(id);
      await noteRunnersSeen(store.db, [`${a}-1`, `${b}-0`], T0 + 9);
      await noteRunnersSeen(store.db, [`${a}-1`], T0 + 3);
      await noteRunnersSeen(store.db, [], T0 + 30);
      expect((await findRunner(store.db, a))?.seen_at).toBe(T0 + 9);
      expect((await findRunner(store.db, b))?.seen_at).toBe(T0);
      await setRunnerDraining(store.db, a, { draining: true, reason: '' });
      await forgetRunnersBefore(store.db, T0 + 20, 1000);
      expect(await findRunner(store.db, a)).toBeDefined();
      expect(await findRunner(store.db, b)).toBeUndefined();
    });

    it('are counted by what they hold', async () => {
      const { store } = fixture;
      const id = unique('host');
      const job = await addJob(store, await addAccount(store));
      for (const chunk of [0, 1]) await addLease(store, job.no, chunk, { runner: id });
      expect(await countTasksOf(store.db, id)).toBe(2);
      expect((await tasksByRunner(store.db)).get(id)).toBe(2);
    });
  });

  describe('runner tokens', () => {
    it('are found by their hash until they are revoked; of one name there is one in use', async () => {
      const { store } = fixture;
      const name = unique('farm');
      const token = tokenOf(name);
      const insert = (row: typeof token) => store.transact((tx) => insertRunnerToken(tx, row));
      const before = await countUsableRunnerTokens(store.db);
      expect(await insert(token)).toBe(true);
      expect(await insert(tokenOf(name))).toBe(false);
      expect(await findUsableRunnerToken(store.db, token.hash)).toEqual(token);
      expect(await countUsableRunnerTokens(store.db)).toBe(before + 1);
      await save(unique('host'), { token: token.id });
      const ofName = async () =>
        (await listRunnerTokens(store.db, 1000)).filter((row) => row.name === name);
      expect(await ofName()).toEqual([{ ...token, runners: 1 }]);
      const end = (id: string, at: number) => store.transact((tx) => endRunnerToken(tx, id, at));
      expect(await end('unknown', T0)).toBe(false);
      expect(await end(token.id, T0 + 1)).toBe(true);
      expect(await end(token.id, T0 + 2)).toBe(true);
      expect(await findUsableRunnerToken(store.db, token.hash)).toBeUndefined();
      expect((await ofName())[0]?.revoked_at).toBe(T0 + 1);
      expect(await insert(tokenOf(name))).toBe(true);
    });
  });
}
