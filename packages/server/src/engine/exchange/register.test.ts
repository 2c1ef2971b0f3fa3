import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { jobNow } from '../../testing/jobs.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { phaseOf, succeeded, TestRunner } from '../../testing/test-runner.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

const leases = async () =>
  (await ctx.store.db.selectFrom('lease').select('id').execute()).map(({ id }) => id);
const ready = () =>
  ctx.store.db.selectFrom('ready').select(['chunk', 'attempt']).orderBy('chunk').execute();

describe('a runner that begins again', () => {
  it('ends the leases of its older incarnation at once, in all jobs', async () => {
    const jobs = [await partitionedJob(ctx, 2), await partitionedJob(ctx, 1)];
    const runner = await TestRunner.register(ctx);
    const other = await TestRunner.register(ctx);
    const kept = await other.claimOne();
    expect(await runner.claim()).toHaveLength(2);
    const heir = await runner.reborn();
    expect(await leases()).toEqual([kept.lease]);
    const lost = await ctx.store.db.selectFrom('attempt').selectAll().execute();
    expect(lost.map(({ reason }) => reason)).toEqual(['WORKER_LOST', 'WORKER_LOST']);
    ctx.advance(ctx.config.backoff.capMs);
    const again = await heir.claim();
    expect(again.map(({ ref }) => ref.attempt)).toEqual([2, 2]);
    for (const job of jobs) expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
  });

  it('as the same incarnation keeps its leases', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await runner.register();
    expect(await leases()).toEqual([grant.lease]);
    expect(await runner.report(succeeded(ctx, grant, {}))).toEqual(['committed']);
  });

  it('cannot be spoken for by its older incarnation', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await runner.reborn();
    await expect(runner.report(succeeded(ctx, grant, {}))).rejects.toThrow('must register first');
    await expect(runner.beat([grant.lease])).rejects.toThrow('must register first');
  });
});

describe('a lease that is given back unstarted', () => {
  it('uses no attempt: the next to take the task makes the same attempt', async () => {
    await partitionedJob(ctx, 2);
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim();
    const ids = grants.map(({ lease }) => lease);
    await runner.exchange({ released: ids });
    expect(await leases()).toEqual([]);
    expect(await ready()).toEqual([
      { chunk: 0, attempt: 1 },
      { chunk: 1, attempt: 1 },
    ]);
    expect(await ctx.store.db.selectFrom('attempt').selectAll().execute()).toEqual([]);
    const next = await TestRunner.register(ctx);
    const again = await next.claim();
    expect(again.map(({ ref }) => ref)).toEqual(grants.map(({ ref }) => ref));
    const verdicts = await next.report(...again.map((grant) => succeeded(ctx, grant, {})));
    expect(verdicts).toEqual(['committed', 'committed']);
  });

  it('is given back once, however often the message comes', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    for (let i = 0; i < 3; i++) await runner.exchange({ released: [grant.lease, 'unknown'] });
    expect(await ready()).toEqual([{ chunk: 0, attempt: 1 }]);
    const again = await runner.claimOne();
    await runner.exchange({ released: [grant.lease] });
    expect(await leases()).toEqual([again.lease]);
  });
});

describe('a heartbeat', () => {
  it('renews what the runner holds and names what it must kill', async () => {
    await partitionedJob(ctx, 2);
    const runner = await TestRunner.register(ctx);
    const other = await TestRunner.register(ctx);
    const mine = await runner.claimOne();
    const theirs = await other.claimOne();
    ctx.advance(1000);
    expect(await runner.beat([mine.lease, theirs.lease, 'unknown'])).toEqual([
      theirs.lease,
      'unknown',
    ]);
    const deadlines = await ctx.store.db
      .selectFrom('lease')
      .select(['id', 'deadline_at'])
      .execute();
    const byId = new Map(deadlines.map((row) => [row.id, row.deadline_at]));
    expect(byId.get(mine.lease)).toBe(ctx.now() + ctx.config.leaseMs);
    expect(byId.get(theirs.lease)).toBe(ctx.now() - 1000 + ctx.config.leaseMs);
  });

  it('without leases changes nothing', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    await runner.claimOne();
    const before = await ctx.store.db.selectFrom('lease').selectAll().execute();
    ctx.advance(1000);
    expect(await runner.beat([])).toEqual([]);
    expect(await ctx.store.db.selectFrom('lease').selectAll().execute()).toEqual(before);
  });

  it('takes phases along', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await runner.beat([grant.lease], [phaseOf(ctx, grant, 'RUNNING')]);
    const lease = await ctx.store.db.selectFrom('lease').select('phase').executeTakeFirst();
    expect(lease).toEqual({ phase: 'RUNNING' });
  });
});
