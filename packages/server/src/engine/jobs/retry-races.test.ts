/** A retry that meets something else wins or loses as a whole. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expireJobData } from '../../scheduler/retention.ts';
import { endOverdueJobs } from '../../scheduler/reap-leases.ts';
import { readJobDoc, updateJobDoc } from '../../store/jobs.ts';
import { claimStep, jobSteps, postponeStep } from '../../store/steps.ts';
import type { JobRow } from '../../store/tables.ts';
import { listTasks, TASK_ORDERS } from '../../store/task-list.ts';
import { presentTask } from '../../api/present-task.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { assertInvariants, checkAndDispose } from '../../testing/invariants.ts';
import { overtaken } from '../../testing/interleave.ts';
import { addComponent, jobNow, runSteps } from '../../testing/jobs.ts';
import { partitionedJob, workOff } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { runNextStep } from '../steps/run-step.ts';
import { completeStep } from '../steps/step.ts';
import { policyOf } from '../job-policy.ts';
import { abortJob } from './abort-job.ts';
import { retryJob } from './retry-job.ts';

const ONCE = { maxTaskRetries: 0 };
const LENIENT = { ...ONCE, toleratedFailures: '100%' };

let ctx: TestContext;
let runner: TestRunner;
beforeEach(async () => {
  ctx = await createTestContext();
  runner = await TestRunner.register(ctx);
});
afterEach(() => checkAndDispose(ctx));

const retry = (job: JobRow, as: TestContext = ctx) => retryJob(as, ctx.account, job.id, {});

/** Every chunk fails. */
async function failAll(): Promise<void> {
  for (const grant of await runner.claim()) await runner.report(failed(ctx, grant));
  await runSteps(ctx);
}

async function failedJob(config: object = ONCE): Promise<JobRow> {
  const job = await partitionedJob(ctx, 1, { config });
  await failAll();
  return jobNow(ctx, job);
}

describe('of two retries at once', () => {
  it('one wins, and there is one next run', async () => {
    const job = await failedJob();
    const results = await Promise.allSettled([retry(job), retry(job), retry(job)]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', run: 2 });
    await assertInvariants(ctx);
  });
});

describe('a retry that meets retention', () => {
  it('loses when the data was marked as expired before it had the lock', async () => {
    const job = await failedJob();
    const slow = overtaken(ctx, async () => {
      ctx.advance(ctx.config.retentionMs);
      await expireJobData(ctx);
    });
    await expect(retry(job, slow)).rejects.toThrow('job data has expired');
    expect(await jobNow(ctx, job)).toMatchObject({
      state: 'FAILED',
      run: 1,
      data_state: 'expired',
    });
  });

  it('wins when it had the lock first: nothing of the job expires', async () => {
    const job = await failedJob();
    const now = ctx.now() + ctx.config.retentionMs;
    // The sweeper looked when the time was over; the retry began a moment before.
    const sweeper = overtaken({ ...ctx, now: () => now }, () => retry(job));
    await expireJobData(sweeper);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', data_state: 'kept' });
  });

  it('wins also when its run has ended again before the sweeper gets the lock', async () => {
    const job = await failedJob(LENIENT);
    const endedBefore = ctx.now();
    const sweeper = overtaken(
      { ...ctx, now: () => endedBefore + ctx.config.retentionMs },
      async () => {
        ctx.advance(1000);
        await retry(job);
        await workOff(runner);
      },
    );
    await expireJobData(sweeper);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', data_state: 'kept' });
  });
});

describe('a retry that meets a timeout', () => {
  it('is not ended by the deadline of the run before', async () => {
    const job = await partitionedJob(ctx, 1, { config: { ...ONCE, jobTimeout: 60 } });
    ctx.advance(60_000);
    const late = overtaken(ctx, async () => {
      await failAll();
      await retry(job);
    });
    await endOverdueJobs(late);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', run: 2 });
  });
});

describe('a retry that meets a runner', () => {
  it('never grants a task by what was read of the run before', async () => {
    const job = await partitionedJob(ctx, 1, { config: ONCE });
    const newerApp = await addComponent(ctx, 'app', { minCpu: 2 });
    const slow = overtaken(ctx, async () => {
      await abortJob(ctx, ctx.account, job.id);
      const doc = await readJobDoc(ctx.store.db, job.no);
      const tags = { ...doc.tags, app: newerApp };
      await ctx.store.transact((tx) => updateJobDoc(tx, job.no, { ...doc, tags }));
      await retryJob(ctx, ctx.account, job.id, { useLatest: true });
    });
    // What was read is dropped, and read again.
    const free = { cpus: 2, memoryBytes: 2 ** 40 };
    const { contexts, grants } = await runner.at(slow).exchange({ free });
    expect(grants).toHaveLength(1);
    expect(contexts[0]).toMatchObject({ cpus: 2, component: { tag: newerApp } });
  });

  it('refuses what an attempt of the run before brings late', async () => {
    const job = await partitionedJob(ctx, 1, { config: ONCE });
    const old = await runner.claimOne();
    await abortJob(ctx, ctx.account, job.id);
    await retry(job);
    expect(await runner.report(succeeded(ctx, old, { 'a.txt': 'old' }))).toEqual(['ended']);
    expect(await jobNow(ctx, job)).toMatchObject({ committed: 0, state: 'PARTITIONED' });
    expect(await runner.beat([old.lease])).toEqual([old.lease]);
    await runner.exchange({ released: [old.lease] });
    await assertInvariants(ctx);
    const again = await runner.claimOne();
    expect(again.ref.attempt).toBe(2);
    expect(await runner.report(succeeded(ctx, old, { 'a.txt': 'old' }))).toEqual(['ended']);
    expect(await runner.report(succeeded(ctx, again, { 'a.txt': 'new' }))).toEqual(['committed']);
  });
});

describe('a retry that meets a stage of the server', () => {
  /** Brings a job to where this step is due, and claims it as a process does that is then slow. */
  async function claimed(job: JobRow, name: 'collect' | 'deliver') {
    const step = await ctx.store.transact((tx) =>
      claimStep(tx, 'slow', ctx.now(), ctx.config.leaseMs),
    );
    if (step === undefined) throw new Error(`no step, ${name} is wanted`);
    expect(step).toMatchObject({ job: job.no, name });
    const policy = await policyOf(ctx, ctx.store.db, job.no, job.run);
    return { ctx, step, job, policy, signal: new AbortController().signal };
  }

  async function oneStep(): Promise<void> {
    await runNextStep(ctx, 'quick', new AbortController().signal);
  }

  it('is refused while results are being laid out', async () => {
    const job = await partitionedJob(ctx, 1, { config: LENIENT });
    for (const grant of await runner.claim()) await runner.report(failed(ctx, grant));
    expect((await jobNow(ctx, job)).state).toBe('TASKS_COMPLETED');
    await expect(retry(job)).rejects.toThrow('job has not ended yet');
  });

  it('lets no stage of the run before end: it was lost with that run', async () => {
    const job = await partitionedJob(ctx, 1, { config: LENIENT });
    for (const grant of await runner.claim()) await runner.report(failed(ctx, grant));
    const slow = await claimed(job, 'collect');
    await abortJob(ctx, ctx.account, job.id);
    await retry(job);
    const moved = completeStep(slow, () => Promise.reject(new Error('it moved the job')));
    await expect(moved).rejects.toThrow(/^$/);
    await ctx.store.transact((tx) => postponeStep(tx, slow.step, { tries: 1, readyAt: 0 }));
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', run: 2 });
    await assertInvariants(ctx);
    await workOff(runner);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });

  it('delivers only after whoever delivered the run before must have stopped', async () => {
    const job = await partitionedJob(ctx, 1, { config: LENIENT });
    for (const grant of await runner.claim()) await runner.report(failed(ctx, grant));
    await oneStep();
    const slow = await claimed(job, 'deliver');
    await abortJob(ctx, ctx.account, job.id);
    await retry(job);
    await workOff(runner);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'MERGED', run: 2 });
    const [waiting] = await jobSteps(ctx.store.db, job.no);
    expect(waiting).toMatchObject({ name: 'deliver', ready_at: slow.step.deadline_at });
    ctx.advance(slow.step.deadline_at - ctx.now() - 1);
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('MERGED');
    ctx.advance(1);
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });
});

it('a task of an earlier run that never ended is shown as aborted while the next run goes on', async () => {
  const assembler = await addComponent(ctx, 'assembler');
  const job = await partitionedJob(ctx, 1, { assembler });
  await runner.report(succeeded(ctx, await runner.claimOne(), {}));
  await runSteps(ctx);
  expect((await jobNow(ctx, job)).state).toBe('MERGING');
  await runner.claimOne();
  await abortJob(ctx, ctx.account, job.id);
  await retry(job);
  const row = await jobNow(ctx, job);
  const page = { limit: 10, offset: 0, kinds: ['ASSEMBLER' as const], now: ctx.now() };
  const order = { field: TASK_ORDERS.chunkNumber, descending: false };
  const tasks = async (states: readonly ('ABORTED' | 'SCHEDULED')[] | null) =>
    (await listTasks(ctx.store, row, { ...page, order, states })).records.map(
      (record) => presentTask({ ...record, job: row }).state,
    );
  expect(await tasks(null)).toEqual(['TASK_STATE_ABORTED']);
  expect(await tasks(['ABORTED'])).toEqual(['TASK_STATE_ABORTED']);
  expect(await tasks(['SCHEDULED'])).toEqual([]);
});
