import type { RunnerRegistration } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { addAccount } from '../testing/rows.ts';
import { TestRunner } from '../testing/test-runner.ts';
import { createUser } from './auth/manage-users.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext({ allowSharedProcessTier: false });
});
afterEach(() => ctx.dispose());

const addUser = (userName = 'ada') => createUser(ctx, ctx.account, { userName });
const runner = (tier: RunnerRegistration['tier']) => TestRunner.register(ctx, { tier, name: tier });
const countUsers = async () =>
  (await ctx.store.db.selectFrom('account').select('id').execute()).length;

describe('while a runner of the process tier is known', () => {
  it('a second user is refused, and told how it would be allowed', async () => {
    await runner('process');
    await expect(addUser()).rejects.toMatchObject({
      kind: 'FAILED_PRECONDITION',
      message: expect.stringMatching(/runner process .*--allow-shared-process-tier/),
    });
    expect(await countUsers()).toBe(1);
  });

  it('one is let in where the operator allows it, and the runner too', async () => {
    ctx.config.allowSharedProcessTier = true;
    await runner('process');
    await addUser();
    await runner('process');
    expect(ctx.runners.list()).toHaveLength(1);
  });
});

describe('with more than one user', () => {
  it('a runner of the process tier is refused and stays unknown; a stronger one is not', async () => {
    await addUser();
    await expect(runner('process')).rejects.toMatchObject({
      kind: 'FAILED_PRECONDITION',
      message: expect.stringMatching(/2 users .*--allow-shared-process-tier/),
    });
    expect(ctx.runners.list()).toEqual([]);
    for (const tier of ['namespace', 'container'] as const) await runner(tier);
    await addUser('bob');
  });

  it('that includes disabled ones, whose jobs may still run', async () => {
    await addAccount(ctx.store);
    await ctx.store.db.updateTable('account').set({ disabled: 1 }).execute();
    await expect(runner('process')).rejects.toThrow('2 users');
  });
});

it('of a user and a runner that come at the same time, one is refused', async () => {
  const outcomes = await Promise.allSettled([addUser(), runner('process'), addUser('bob')]);
  const users = await countUsers();
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  expect(users > 1 && ctx.runners.list().length > 0).toBe(false);
});
