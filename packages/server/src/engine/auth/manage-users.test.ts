import type { CreateUserInput } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { jobNow } from '../../testing/jobs.ts';
import { partitionedJob, workOff } from '../../testing/scenario.ts';
import { TestRunner } from '../../testing/test-runner.ts';
import { watchEvents } from '../jobs/watch-events.ts';
import type { Role } from './account.ts';
import { createApiKey } from './api-keys.ts';
import { authenticate } from './authenticate.ts';
import { exchangeApiKey } from './exchange-api-key.ts';
import { changeUser, createUser, findUser, listUsers } from './manage-users.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => ctx.dispose());

const create = async (input: Partial<CreateUserInput> = {}) =>
  (await createUser(ctx, ctx.account, { userName: 'ada', ...input })).row;
const names = async (query = {}) =>
  (await listUsers(ctx, ctx.account, query)).users.map(({ row }) => row.user_name);

describe('a new user', () => {
  it('has what it was given, and is an ordinary one', async () => {
    const { row, doc } = await createUser(ctx, ctx.account, {
      userName: 'ada',
      email: 'ada@example.org',
      displayName: 'Ada',
    });
    expect(row).toMatchObject({ user_name: 'ada', role: 'ROLE_USER', disabled: 0 });
    expect(doc).toMatchObject({ email: 'ada@example.org', displayName: 'Ada' });
    expect((await create({ userName: 'dev', role: 'ROLE_DEVELOPER' })).role).toBe('ROLE_DEVELOPER');
  });

  it.each(['ada', 'ADA'])('has a name that nobody has: not %s', async (userName) => {
    await create();
    await expect(create({ userName })).rejects.toMatchObject({
      kind: 'ALREADY_EXISTS',
      message: `userName ${userName} is taken`,
    });
    expect(await names()).toHaveLength(2);
  });
});

it('users are listed newest first, in pages, in order, or by name', async () => {
  const first = ctx.account.userName;
  for (const userName of ['bob', 'ada']) {
    ctx.advance(1);
    await create({ userName });
  }
  expect(await names()).toEqual(['ada', 'bob', first]);
  expect(await names({ orderBy: '-userName', limit: 1 })).toEqual(['bob']);
  expect(await names({ userName: 'Bob' })).toEqual(['bob']);
  const { pagination } = await listUsers(ctx, ctx.account, { limit: 2 });
  expect(pagination).toEqual({ total: 3, offset: 0, hasPrevious: false, hasNext: true });
});

describe('a disabled user', () => {
  it('is refused at once with every key and token, until it is enabled again', async () => {
    const ada = await create();
    const { secret } = await createApiKey(ctx, ada, { name: 'ci' });
    const { token } = await exchangeApiKey(ctx, secret);
    for (const credential of [secret, token]) await authenticate(ctx, credential);
    const { row } = await changeUser(ctx, ctx.account, ada.id, { disabled: true });
    expect(row.disabled).toBe(1);
    for (const credential of [secret, token]) {
      await expect(authenticate(ctx, credential)).rejects.toThrow('invalid token');
    }
    await expect(exchangeApiKey(ctx, secret)).rejects.toThrow('invalid api key');
    await expect(createApiKey(ctx, ada, { name: 'new' })).rejects.toThrow(
      'user ada is disabled, enable it first',
    );
    await changeUser(ctx, ctx.account, ada.id, { disabled: false });
    await authenticate(ctx, secret);
    await expect(authenticate(ctx, token)).rejects.toThrow('invalid token');
  });

  it('keeps its running jobs', async () => {
    const job = await partitionedJob(ctx, 2);
    const other = await create({ role: 'ROLE_ADMIN' });
    await changeUser(ctx, { ...ctx.account, id: other.id }, ctx.account.id, { disabled: true });
    await workOff(await TestRunner.register(ctx));
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', committed: 2 });
  });

  it('loses the streams that it has open', async () => {
    const ada = await create();
    const { secret } = await createApiKey(ctx, ada, { name: 'ci' });
    const caller = await authenticate(ctx, secret);
    const query = { jobId: undefined, names: new Set([] as const), afterId: undefined };
    const stop = new AbortController();
    const watching = watchEvents(ctx, caller, query, stop.signal);
    await watching.next();
    await changeUser(ctx, ctx.account, ada.id, { disabled: true });
    await expect(watching.next()).rejects.toMatchObject({ kind: 'UNAUTHENTICATED' });
  });
});

describe('the last enabled administrator', () => {
  it.each([{ disabled: true }, { role: 'ROLE_USER' as const }])('stays: %j', async (change) => {
    const { id, userName } = ctx.account;
    await create({ role: 'ROLE_DEVELOPER' });
    const idle = await create({ userName: 'idle', role: 'ROLE_ADMIN' });
    await changeUser(ctx, ctx.account, idle.id, { disabled: true });
    await expect(changeUser(ctx, ctx.account, id, change)).rejects.toMatchObject({
      kind: 'FAILED_PRECONDITION',
      message: `${userName} is the last enabled administrator: make another one first`,
    });
    await changeUser(ctx, ctx.account, idle.id, { disabled: false });
    await changeUser(ctx, ctx.account, id, change);
  });
});

it('a new role counts at the next call', async () => {
  const ada = await create();
  const { secret } = await createApiKey(ctx, ada, { name: 'ci' });
  await expect(listUsers(ctx, await authenticate(ctx, secret), {})).rejects.toThrow('ROLE_ADMIN');
  await changeUser(ctx, ctx.account, ada.id, { role: 'ROLE_ADMIN' });
  await listUsers(ctx, await authenticate(ctx, secret), {});
});

it.each<Role>(['ROLE_NONE', 'ROLE_USER', 'ROLE_DEVELOPER'])(
  'a %s administers nothing',
  async (role) => {
    const { id } = ctx.account;
    const caller = { ...ctx.account, role };
    const calls = [
      createUser(ctx, caller, { userName: 'eve' }),
      listUsers(ctx, caller, {}),
      changeUser(ctx, caller, id, { disabled: false }),
      findUser(ctx, caller, id),
      findUser(ctx, caller, 'nobody'),
    ];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({ kind: 'PERMISSION_DENIED' });
    }
    expect(await names()).toEqual([ctx.account.userName]);
  },
);

it('an unknown user is not found', async () => {
  await expect(findUser(ctx, ctx.account, 'nobody')).rejects.toThrow('user not found');
  const change = changeUser(ctx, ctx.account, 'nobody', { disabled: true });
  await expect(change).rejects.toThrow('user not found');
});
