import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LEASES_AT_ONCE } from '../store/leases.ts';
import type { JobRow } from '../store/tables.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { overtaken } from '../testing/interleave.ts';
import { checkAndDispose } from '../testing/invariants.ts';
import { jobNow, runSteps, startJob } from '../testing/jobs.ts';
import { partitionedJob } from '../testing/scenario.ts';
import { phaseOf, succeeded, TestRunner } from '../testing/test-runner.ts';
import { createReaper, endOverdueJobs } from './reap-leases.ts';

let ctx: TestContext;
let reap: () => Promise<boolean>;
beforeEach(async () => {
  ctx = await createTestContext();
  reap = createReaper(ctx);
  await reap();
});
afterEach(() => checkAndDispose(ctx));

const STEP_MS = 5000;

/** Lets time pass as it does for a server that runs: the reaper keeps its beat. */
async function pass(ms: number, eachBeat: () => Promise<unknown> = async () => undefined) {
  for (let left = ms; left > 0; left -= STEP_MS) {
    ctx.advance(Math.min(left, STEP_MS));
    await eachBeat();
    await reap();
  }
}

async function runningJob(config = {}): Promise<JobRow> {
  const job = await startJob(ctx, { config });
  await runSteps(ctx);
  return jobNow(ctx, job);
}

const taskRow = () =>
  ctx.store.db.selectFrom('task').selectAll().where('kind', '=', 'APP').executeTakeFirstOrThrow();
const leaseIds = async () =>
  (await ctx.store.db.selectFrom('lease').select('id').execute()).map(({ id }) => id);

describe('a runner that is gone', () => {
  it('gives its task to another within a lease, which uses no retry and costs nothing', async () => {
    const job = await runningJob({ maxTaskRetries: 0 });
    const dead = await TestRunner.register(ctx);
    const lost = await dead.claimOne();
    await dead.beat([lost.lease], [phaseOf(ctx, lost, 'RUNNING')]);
    await pass(ctx.config.leaseMs);
    expect(await leaseIds()).toEqual([]);
    expect(await taskRow()).toMatchObject({
      state: 'open',
      retries: 0,
      losses: 1,
      reason: 'WORKER_LOST',
      error_message: `the runner ${dead.id} was lost`,
    });
    ctx.advance(ctx.config.backoff.capMs);
    const heir = await TestRunner.register(ctx);
    const grant = await heir.claimOne();
    expect(grant.ref.attempt).toBe(2);
    await heir.report(succeeded(ctx, grant, { a: 'won' }));
    expect(await dead.report(succeeded(ctx, lost, { a: 'late' }))).toEqual(['superseded']);
    expect(await dead.beat([lost.lease])).toEqual([lost.lease]);
    await runSteps(ctx);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', price: 0 });
  });

  it('that comes back too late is told that its attempt has ended, and changes nothing', async () => {
    await runningJob();
    const slow = await TestRunner.register(ctx);
    const lost = await slow.claimOne();
    await pass(ctx.config.leaseMs);
    const before = await taskRow();
    expect(await slow.report(succeeded(ctx, lost, { a: 'late' }))).toEqual(['ended']);
    expect(await taskRow()).toEqual(before);
  });

  it('fails the job after ten losses, not before', async () => {
    ctx.config.backoff = { baseMs: 1, capMs: 1 };
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    for (let loss = 1; loss <= 11; loss++) {
      expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
      expect((await runner.claimOne()).ref.attempt).toBe(loss);
      // It lives, and was never told of the task: no task is blamed for that.
      await pass(ctx.config.leaseMs, () => runner.beat([]));
      ctx.advance(1);
    }
    expect(await jobNow(ctx, job)).toMatchObject({
      state: 'FAILED',
      failure_reason: 'TASK_FAILED',
    });
  });

  it('loses all its tasks of all jobs', async () => {
    for (let i = 0; i < 3; i++) await partitionedJob(ctx, 5);
    const runner = await TestRunner.register(ctx);
    expect(await runner.claim()).toHaveLength(15);
    await pass(ctx.config.leaseMs);
    expect(await leaseIds()).toEqual([]);
    expect(await ctx.store.db.selectFrom('ready').select('job').execute()).toHaveLength(15);
  });

  it('loses them all in one turn, however many, and lets others in between', async () => {
    const chunks = 2 * LEASES_AT_ONCE + 1;
    const job = await partitionedJob(ctx, chunks);
    const runner = await TestRunner.register(ctx);
    expect(await runner.claim(chunks)).toHaveLength(chunks);
    const transact = vi.spyOn(ctx.store, 'transact');
    await pass(ctx.config.leaseMs);
    expect(await leaseIds()).toEqual([]);
    expect(await ctx.store.db.selectFrom('ready').select('job').execute()).toHaveLength(chunks);
    expect(transact.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', failed: 0 });
  });
});

describe('a runner that lives', () => {
  it('keeps its tasks as long as it says so', async () => {
    await runningJob();
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await pass(10 * ctx.config.leaseMs, async () => {
      expect(await runner.beat([grant.lease])).toEqual([]);
    });
    expect(await runner.report(succeeded(ctx, grant, {}))).toEqual(['committed']);
  });

  it('does not keep a task that it was never told of, because the reply was lost', async () => {
    await partitionedJob(ctx, 2);
    const runner = await TestRunner.register(ctx);
    const known = await runner.claimOne();
    const unheard = await runner.claimOne();
    await pass(ctx.config.leaseMs, () => runner.beat([known.lease]));
    expect(await leaseIds()).toEqual([known.lease]);
    const task = ctx.store.db.selectFrom('task').select('error_message');
    expect(await task.where('chunk', '=', unheard.ref.chunk).executeTakeFirst()).toEqual({
      error_message: `the runner ${runner.id} never heard of this attempt: the message that gave it was lost`,
    });
    ctx.advance(STEP_MS);
    expect((await runner.claimOne()).ref).toMatchObject({ chunk: unheard.ref.chunk, attempt: 2 });
  });

  it('cannot keep a task beyond its taskTimeout and half a minute', async () => {
    const job = await runningJob({ taskTimeout: 60, maxTaskRetries: 1 });
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await runner.beat([grant.lease], [phaseOf(ctx, grant, 'RUNNING')]);
    await pass(85_000, () => runner.beat([grant.lease]));
    expect(await leaseIds()).toEqual([grant.lease]);
    await pass(STEP_MS, () => runner.beat([grant.lease]));
    expect(await runner.beat([grant.lease])).toEqual([grant.lease]);
    expect(await taskRow()).toMatchObject({ retries: 1, losses: 0, reason: 'TIMEOUT' });
    expect((await jobNow(ctx, job)).price).toBe(2_500_000); // 90 s
  });

  it.each([
    ['RECEIVED', 'INPUT_FAILED', 'bringing the input took longer than 30 s'],
    ['STAGING_OUT', 'OUTPUT_FAILED', 'bringing the results took longer than 30 s'],
  ] as const)('cannot stay %s for ever', async (phase, reason, errorMessage) => {
    ctx.config.stagingMs = 30_000;
    await runningJob({ maxTaskRetries: 1 });
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await runner.beat([grant.lease], [phaseOf(ctx, grant, phase)]);
    await pass(25_000, () => runner.beat([grant.lease]));
    expect(await leaseIds()).toEqual([grant.lease]);
    await pass(STEP_MS, () => runner.beat([grant.lease]));
    const row = { retries: 1, losses: 0, reason, error_message: errorMessage };
    expect(await taskRow()).toMatchObject(row);
  });

  it('may run for ever where no taskTimeout is set', async () => {
    ctx.config.stagingMs = 30_000;
    await runningJob({ taskTimeout: 0 });
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await runner.beat([grant.lease], [phaseOf(ctx, grant, 'RECEIVED')]);
    await runner.beat([grant.lease], [phaseOf(ctx, grant, 'RUNNING')]);
    await pass(10 * ctx.config.stagingMs, () => runner.beat([grant.lease]));
    expect(await leaseIds()).toEqual([grant.lease]);
  });
});

describe('a gap in time', () => {
  it('expires nothing that could not be renewed meanwhile', async () => {
    await partitionedJob(ctx, 3);
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim();
    ctx.advance(3_600_000);
    await reap();
    expect(await leaseIds()).toHaveLength(3);
    const [kept, ...gone] = grants.map(({ lease }) => lease);
    if (kept === undefined) throw new Error('three tasks are wanted');
    await pass(ctx.config.leaseMs, () => runner.beat([kept]));
    expect(await leaseIds()).toEqual([kept]);
    expect(await runner.beat(gone)).toEqual(gone);
  });

  it('is seen by another server too that looks before the leases are extended', async () => {
    await partitionedJob(ctx, 3);
    const runner = await TestRunner.register(ctx);
    const kept = (await runner.claim()).map(({ lease }) => lease);
    const other = createReaper(ctx);
    await other();
    ctx.advance(3_600_000);
    const overtook = createReaper(overtaken(ctx, other));
    await overtook();
    expect(await leaseIds()).toHaveLength(3);
    expect(await runner.beat(kept)).toEqual([]);
  });

  it('is still seen when the leases could not be extended at first', async () => {
    await partitionedJob(ctx, 3);
    const runner = await TestRunner.register(ctx);
    await runner.claim();
    const broken = overtaken(ctx, () => Promise.reject(new Error('the database is away')));
    const again = createReaper(broken);
    ctx.advance(3_600_000);
    await expect(again()).rejects.toThrow('the database is away');
    await again();
    await again();
    expect(await leaseIds()).toHaveLength(3);
  });

  it('of a restart neither: runners register again and keep their leases', async () => {
    await runningJob();
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    ctx = await ctx.restart();
    reap = createReaper(ctx);
    ctx.advance(3_600_000);
    await reap();
    const again = runner.at(ctx);
    await again.register();
    expect(await again.beat([grant.lease])).toEqual([]);
    expect(await again.report(succeeded(ctx, grant, {}))).toEqual(['committed']);
  });

  it('back to the past leaves no dead runner’s task where it is for long', async () => {
    await runningJob();
    const runner = await TestRunner.register(ctx);
    await runner.claimOne();
    ctx.advance(-3_600_000);
    await reap();
    await pass(ctx.config.leaseMs);
    expect(await leaseIds()).toEqual([]);
    // What is left to check reads times that ran backwards.
    ctx.advance(3_600_000);
  });
});

describe('jobTimeout', () => {
  it('ends the job wherever it is, counted from its submission', async () => {
    const waiting = await startJob(ctx, { config: { jobTimeout: 60 } });
    const patient = await startJob(ctx, { config: { jobTimeout: 61 } });
    const partitioned = await partitionedJob(ctx, 3, { config: { jobTimeout: 60 } });
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim();
    ctx.advance(59_999);
    await endOverdueJobs(ctx);
    expect((await jobNow(ctx, partitioned)).state).toBe('PARTITIONED');
    ctx.advance(1);
    await endOverdueJobs(ctx);
    for (const job of [waiting, partitioned]) {
      expect(await jobNow(ctx, job)).toMatchObject({
        state: 'FAILED',
        failure_reason: 'JOB_TIMEOUT',
        error_message: 'job timed out after 60 s',
      });
    }
    expect((await jobNow(ctx, patient)).state).not.toBe('FAILED');
    const leases = grants.map(({ lease }) => lease);
    const stopped = grants.filter(({ ref }) => ref.job !== patient.no).map(({ lease }) => lease);
    expect(await runner.beat(leases)).toEqual(stopped);
  });

  it('leaves drafts and ended jobs alone', async () => {
    const job = await runningJob({ jobTimeout: 1 });
    const runner = await TestRunner.register(ctx);
    await runner.report(succeeded(ctx, await runner.claimOne(), {}));
    await runSteps(ctx);
    ctx.advance(10_000);
    await endOverdueJobs(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });
});
