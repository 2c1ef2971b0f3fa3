/** What two servers may do at the same moment: here the connections of one, which the database cannot tell from theirs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { checkAndDispose } from '../testing/invariants.ts';
import { jobNow } from '../testing/jobs.ts';
import { componentPackage } from '../testing/package-of.ts';
import { partitionedJob, workOff } from '../testing/scenario.ts';
import { succeeded, TestRunner } from '../testing/test-runner.ts';
import { changeUser, createUser } from './auth/manage-users.ts';
import { pushComponent } from './components/push-component.ts';
import { runNextStep } from './steps/run-step.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

const ROUNDS = 10;
const never = new AbortController().signal;

function kinds(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as { kind?: string }).kind] : [],
  );
}

describe('at the same moment', () => {
  it('the last two tasks of a job are committed, and it goes on', async () => {
    const [one, two] = [await TestRunner.register(ctx), await TestRunner.register(ctx)];
    for (let round = 0; round < ROUNDS; round += 1) {
      const job = await partitionedJob(ctx, 2);
      const [first, second] = [await one.claimOne(), await two.claimOne()];
      const verdicts = await Promise.all([
        one.report(succeeded(ctx, first, { a: 'x' })),
        two.report(succeeded(ctx, second, { b: 'y' })),
      ]);
      expect(verdicts).toEqual([['committed'], ['committed']]);
      expect((await jobNow(ctx, job)).state).toBe('TASKS_COMPLETED');
    }
  });

  it('reports and heartbeats of many tasks of many jobs do not wait for one another', async () => {
    const jobs = [];
    for (let i = 0; i < 4; i += 1) jobs.push(await partitionedJob(ctx, 5));
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim();
    expect(grants).toHaveLength(20);
    const half = (odd: number) => grants.filter((_, i) => i % 2 === odd);
    const leases = grants.map(({ lease }) => lease);
    // In opposite orders, so that locks in the order of the message would meet.
    await Promise.all([
      runner.report(...half(0).map((grant) => succeeded(ctx, grant, { a: 'x' }))),
      runner.beat(leases),
      runner.report(
        ...half(1)
          .toReversed()
          .map((grant) => succeeded(ctx, grant, { a: 'x' })),
      ),
      runner.beat(leases.toReversed()),
    ]);
    for (const job of jobs) expect((await jobNow(ctx, job)).state).toBe('TASKS_COMPLETED');
  });

  it('steps are run once each', async () => {
    const jobs = [];
    for (let i = 0; i < 4; i += 1) jobs.push(await partitionedJob(ctx, 1));
    await workOff(await TestRunner.register(ctx));
    const loops = ['a', 'b', 'c'].map(async (owner) => {
      while (await runNextStep(ctx, owner, never));
    });
    await Promise.all(loops);
    while (await runNextStep(ctx, 'last', never));
    for (const job of jobs) expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });

  it('two administrators cannot disable one another', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { row } = await createUser(ctx, ctx.account, {
        userName: `admin-${round}`,
        role: 'ROLE_ADMIN',
      });
      const other = { id: row.id, userName: row.user_name, role: 'ROLE_ADMIN' } as const;
      const results = await Promise.allSettled([
        changeUser(ctx, ctx.account, other.id, { disabled: true }),
        changeUser(ctx, other, ctx.account.id, { disabled: true }),
      ]);
      expect(kinds(results)).toEqual(['FAILED_PRECONDITION']);
      for (const { id } of [other, ctx.account]) {
        await changeUser(ctx, ctx.account, id, { disabled: false });
      }
      await changeUser(ctx, ctx.account, other.id, { role: 'ROLE_USER' });
    }
  });

  it('a name is given to one user only, who is told apart from an error', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const create = () => createUser(ctx, ctx.account, { userName: `ada-${round}` });
      expect(kinds(await Promise.allSettled([create(), create(), create()]))).toEqual([
        'ALREADY_EXISTS',
        'ALREADY_EXISTS',
      ]);
    }
  });

  it('every push of one version becomes a revision of its own', async () => {
    const push = async (text: string) => {
      const data = await componentPackage('square', { type: 'app' }, { 'app/other.py': text });
      return pushComponent(ctx, ctx.account, 'app', data);
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(push));
    const rows = await ctx.store.db
      .selectFrom('revision')
      .select('revision')
      .orderBy('revision')
      .execute();
    expect(rows.map(({ revision }) => revision)).toEqual([1, 2, 3, 4]);
  });
});
