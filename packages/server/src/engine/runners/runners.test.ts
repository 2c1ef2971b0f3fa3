import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newAccount } from '../../testing/accounts.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { addComponent } from '../../testing/jobs.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { succeeded, TestRunner } from '../../testing/test-runner.ts';
import { createRunnerDirectory } from '../runners.ts';
import { createRunnerToken, revokeRunnerToken, viewRunnerTokens } from './manage-runner-tokens.ts';
import { drainRunner, removeRunner, resumeRunner, viewRunners } from './manage-runners.ts';
import { authenticateRunner, type RunnerTokenHolder } from './runner-token.ts';
import { syncRunners } from './sync-runners.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

const OWN = 'the own token';
const newToken = async (name: string): Promise<RunnerTokenHolder & { secret: string }> => {
  const { secret, view } = await createRunnerToken(ctx, ctx.account, { name });
  return { id: view.id, name, secret };
};
/** Without the runner that partitioned the job. */
const viewed = async () =>
  (await viewRunners(ctx, ctx.account)).filter(({ runner }) => !/^runner-\d+$/.test(runner.id));
const listed = async () =>
  (await viewed()).map(({ runner, state, reason, tasks }) =>
    `${runner.id} ${state} ${tasks} ${reason}`.trim(),
  );
const leases = async () =>
  (await ctx.store.db.selectFrom('lease').select('runner').execute()).map(({ runner }) => runner);
/** Another server of the same database. */
const otherServer = (): TestContext => ({
  ...ctx,
  runners: createRunnerDirectory(ctx.config.leaseMs),
});

describe('a runner', () => {
  it('is listed with what it told, what it holds, and when it was heard of', async () => {
    await partitionedJob(ctx, 3);
    const told = { gpus: ['T4'], labels: { zone: 'b' }, name: 'one', cpus: 4, host: 'big' };
    const runner = await TestRunner.register(ctx, told);
    await runner.claim(2);
    ctx.advance(4000);
    await runner.beat([]);
    ctx.advance(1000);
    const [view] = await viewed();
    expect(view).toMatchObject({ runner: told, tasks: 2, state: 'READY', reason: '' });
    expect(view?.runner.lastSeenAt).toBe(ctx.now() - 1000);
    ctx.advance(ctx.config.leaseMs);
    expect(await listed()).toEqual(['one LOST 2 not heard of for 16 s']);
  });

  it('that is drained is given nothing more and keeps what it has, until it is resumed', async () => {
    const job = await partitionedJob(ctx, 3);
    const runner = await TestRunner.register(ctx, { name: 'one' });
    const grant = await runner.claimOne();
    await drainRunner(ctx, ctx.account, 'one', 'new disk');
    expect(await runner.claim(2)).toEqual([]);
    expect(await listed()).toEqual(['one DRAINING 1 new disk']);
    expect(await runner.report(succeeded(ctx, grant, {}))).toEqual(['committed']);
    expect(await listed()).toEqual(['one DRAINED 0 new disk']);
    await resumeRunner(ctx, ctx.account, 'one');
    expect(await listed()).toEqual(['one READY 0']);
    expect(await runner.claim(2)).toHaveLength(2);
    expect(job.num_chunks).toBe(3);
  });

  it('stays drained when it begins anew, and when the server does', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx, { name: 'one' });
    await drainRunner(ctx, ctx.account, 'one', '');
    const heir = await runner.reborn();
    expect(await heir.claim()).toEqual([]);
    ctx = await ctx.restart();
    const again = heir.at(ctx);
    await again.register();
    expect(await again.claim()).toEqual([]);
    await resumeRunner(ctx, ctx.account, 'one');
    expect(await again.claim()).toHaveLength(1);
  });

  it('is forgotten only when it is gone, and what it held is free at once', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx, { name: 'one' });
    await runner.claimOne();
    await expect(removeRunner(ctx, ctx.account, 'one')).rejects.toThrow(
      'runner one is connected: stop it there first',
    );
    ctx.advance(ctx.config.leaseMs + 1);
    await removeRunner(ctx, ctx.account, 'one');
    expect(await listed()).toEqual([]);
    expect(await leases()).toEqual([]);
    await expect(removeRunner(ctx, ctx.account, 'one')).rejects.toThrow('runner not found');
  });

  it('of the same name in another place is refused while the first is connected', async () => {
    const told = { name: 'one', host: 'second' };
    const first = await TestRunner.register(ctx, { name: 'one', instance: 'a' });
    await expect(TestRunner.register(ctx, { ...told, instance: 'b' })).rejects.toThrow(
      'runner one is refused on second: one of this name is connected from another place',
    );
    await TestRunner.register(ctx, { ...told, instance: 'a' });
    await expect(first.claim()).rejects.toThrow('must register first');
    ctx.advance(ctx.config.leaseMs + 1);
    await TestRunner.register(ctx, { ...told, instance: 'b' });
  });

  it('with a GPU is given the tasks that need one, one for each GPU', async () => {
    await partitionedJob(ctx, 3, { app: await addComponent(ctx, 'app', { gpu: ['t4'] }) });
    expect(await (await TestRunner.register(ctx)).claim()).toEqual([]);
    expect(await (await TestRunner.register(ctx, { gpus: ['A100'] })).claim()).toEqual([]);
    const runner = await TestRunner.register(ctx, { gpus: ['Tesla T4', 'Tesla T4'] });
    expect(await runner.claim()).toHaveLength(2);
  });

  it('and its token are the business of administrators', async () => {
    const user = { ...(await newAccount(ctx)), role: 'ROLE_DEVELOPER' as const };
    for (const act of [
      () => viewRunners(ctx, user),
      () => drainRunner(ctx, user, 'one', ''),
      () => resumeRunner(ctx, user, 'one'),
      () => removeRunner(ctx, user, 'one'),
      () => viewRunnerTokens(ctx, user),
      () => createRunnerToken(ctx, user, { name: 'x' }),
      () => revokeRunnerToken(ctx, user, 'x'),
    ])
      await expect(act()).rejects.toMatchObject({ kind: 'PERMISSION_DENIED' });
  });
});

describe('a runner token', () => {
  it('is known by its name, which no other has while it holds', async () => {
    const token = await newToken('farm');
    await expect(newToken('farm')).rejects.toMatchObject({ kind: 'ALREADY_EXISTS' });
    expect(await authenticateRunner(ctx, token.secret, OWN)).toEqual({
      id: token.id,
      name: 'farm',
    });
    expect((await authenticateRunner(ctx, OWN, OWN)).id).toBe('');
    await expect(authenticateRunner(ctx, 'guessed', OWN)).rejects.toThrow('invalid runner token');
    await revokeRunnerToken(ctx, ctx.account, token.id);
    await newToken('farm');
    await expect(revokeRunnerToken(ctx, ctx.account, 'unknown')).rejects.toThrow('not found');
  });

  it('tells two hosts with one name apart', async () => {
    const [a, b] = [await newToken('a'), await newToken('b')];
    await TestRunner.register(ctx, { name: 'gpu', instance: '1' }, a);
    await TestRunner.register(ctx, { name: 'gpu', instance: '2' }, b);
    await TestRunner.register(ctx, { name: 'gpu', instance: '3' });
    expect(await listed()).toEqual(['gpu READY 0', 'gpu@a READY 0', 'gpu@b READY 0']);
    const named = (name: string) => viewRunners(ctx, ctx.account, name);
    expect(await named('gpu')).toHaveLength(3);
    expect(await named('gpu@a')).toHaveLength(1);
    const tokens = await viewRunnerTokens(ctx, ctx.account);
    expect(tokens.map(({ name, runners }) => [name, runners])).toEqual([
      ['b', 1],
      ['a', 1],
    ]);
  });

  it('that is revoked is refused, and its runners lose what they hold at once', async () => {
    await partitionedJob(ctx, 2);
    const token = await newToken('farm');
    const runner = await TestRunner.register(ctx, { name: 'one' }, token);
    const other = await TestRunner.register(ctx, { name: 'one' });
    await authenticateRunner(ctx, token.secret, OWN);
    const grant = await runner.claimOne();
    await other.claimOne();
    expect(await leases()).toEqual(expect.arrayContaining(['one', 'one@farm']));
    await revokeRunnerToken(ctx, ctx.account, token.id);
    expect(await leases()).toEqual(['one']);
    await expect(authenticateRunner(ctx, token.secret, OWN)).rejects.toThrow('invalid runner');
    await expect(runner.report(succeeded(ctx, grant, {}))).rejects.toThrow('must register first');
    expect(await listed()).toEqual(['one READY 1', 'one@farm LOST 0 its token was revoked']);
  });
});

describe('a server', () => {
  const ids = (at: TestContext) => at.runners.list(ctx.now()).map(({ id }) => id);

  it('knows the runners of the others, until they fall silent there', async () => {
    const other = otherServer();
    const runner = await TestRunner.register(ctx, { name: 'one', gpus: ['T4'] });
    expect(ids(other)).toEqual([]);
    await syncRunners(other);
    expect(other.runners.list(ctx.now())).toMatchObject([{ id: 'one', gpus: ['T4'] }]);
    for (let i = 0; i < 10; i += 1) {
      ctx.advance(3000);
      await runner.beat([]);
      await syncRunners(ctx);
      await syncRunners(other);
      expect(ids(other)).toEqual(['one']);
    }
    ctx.advance(ctx.config.leaseMs + 1);
    await syncRunners(ctx);
    await syncRunners(other);
    expect(ids(other)).toEqual([]);
  });

  it('hears of a drain, a revocation and a new incarnation through another', async () => {
    await partitionedJob(ctx, 5);
    const other = otherServer();
    const token = await newToken('farm');
    const runner = await TestRunner.register(ctx, { name: 'one' });
    const guest = await TestRunner.register(ctx, { name: 'one' }, token);
    await drainRunner(other, ctx.account, 'one', '');
    expect(await runner.claimOne()).toBeDefined();
    await syncRunners(ctx);
    expect(await runner.claim(1)).toEqual([]);

    await revokeRunnerToken(other, ctx.account, token.id);
    // Not heard of it yet: this one gives tasks to a runner that is not welcome any more.
    await guest.claimOne();
    await syncRunners(ctx);
    expect(await leases()).toEqual(['one']);
    await expect(guest.claim(1)).rejects.toThrow('must register first');

    await runner.at(other).reborn();
    await syncRunners(ctx);
    await expect(runner.claim(1)).rejects.toThrow('must register first');
  });
});
