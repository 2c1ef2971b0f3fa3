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
const runner = (
  tier: RunnerRegistration['tier'],
  network: RunnerRegistration['network'] = 'egress',
) => TestRunner.register(ctx, { tier, network, name: tier });
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
    expect(ctx.runners.list(ctx.now())).toHaveLength(1);
  });

  it('one is let in after that runner has stopped, which is then refused when it comes back', async () => {
    const stopped = await runner('process');
    ctx.advance(ctx.config.leaseMs);
    await expect(addUser()).rejects.toThrow('a second user is refused');
    ctx.advance(1);
    await addUser();
    const known = ctx.runners.find(stopped.id, stopped.incarnation);
    expect(known && ctx.runners.isSilent(known, ctx.now())).toBe(true);
    await expect(runner('process')).rejects.toThrow('2 users');
  });
});

describe("a runner of a stronger tier whose tasks use the host's network", () => {
  it('is refused by a server that others reach, and where there are two users', async () => {
    ctx.config.host = '0.0.0.0';
    const told = /namespace tier with the host's network.*--allow-shared-process-tier/;
    await expect(runner('namespace', 'host')).rejects.toThrow(told);
    ctx.config.host = '127.0.0.1';
    await runner('namespace', 'host');
    await expect(addUser()).rejects.toThrow(told);
    await runner('namespace', 'none');
    await addUser();
    await expect(runner('namespace', 'host')).rejects.toThrow('2 users');
  });
});

describe('a runner of the process tier', () => {
  it.each(['0.0.0.0', '::', '192.0.2.7', 'build.example.org', '127.example.org'])(
    'is refused by a server that listens on %s, and told how it would be allowed',
    async (host) => {
      ctx.config.host = host;
      await expect(runner('process')).rejects.toMatchObject({
        kind: 'FAILED_PRECONDITION',
        message: expect.stringMatching(/listens on .*127\.0\.0\.1.*--allow-shared-process-tier/),
      });
      expect(ctx.runners.list(ctx.now())).toEqual([]);
      for (const tier of ['namespace', 'container'] as const) await runner(tier);
      ctx.config.allowSharedProcessTier = true;
      await runner('process');
    },
  );

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])(
    'serves one user on a server that listens on %s',
    async (host) => {
      ctx.config.host = host;
      await runner('process');
      expect(ctx.runners.list(ctx.now())).toHaveLength(1);
    },
  );
});

describe('with more than one user', () => {
  it('a runner of the process tier is refused and stays unknown; a stronger one is not', async () => {
    await addUser();
    await expect(runner('process')).rejects.toMatchObject({
      kind: 'FAILED_PRECONDITION',
      message: expect.stringMatching(/2 users .*--allow-shared-process-tier/),
    });
    expect(ctx.runners.list(ctx.now())).toEqual([]);
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
  expect(users > 1 && ctx.runners.list(ctx.now()).length > 0).toBe(false);
});
