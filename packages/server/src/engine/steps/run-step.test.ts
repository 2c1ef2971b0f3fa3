import type { StepName } from '../../store/tables.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimStep } from '../../store/steps.ts';
import type { JobRow, StepRow } from '../../store/tables.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { assertInvariants, checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { succeeded, TestRunner } from '../../testing/test-runner.ts';
import { policyOf } from '../job-policy.ts';
import { runChunksStep } from './chunks.ts';
import { runCollectStep } from './collect.ts';
import { runDeliverStep } from './deliver.ts';
import { runNextStep } from './run-step.ts';
import { runSourceStep } from './source.ts';
import { completeStep, StepLost, writeStepPart, type StepRun } from './step.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

const RUN: Record<StepName, (run: StepRun) => Promise<unknown>> = {
  source: runSourceStep,
  chunks: runChunksStep,
  collect: runCollectStep,
  deliver: runDeliverStep,
};
const STEP_NAMES = Object.keys(RUN) as StepName[];
const NEVER = new AbortController().signal;
const oneStep = (owner = 'test') => runNextStep(ctx, owner, NEVER);

/** A job with exactly this step to be run. */
async function jobBefore(step: StepName): Promise<JobRow> {
  if (step === 'source') return startJob(ctx);
  if (step === 'chunks') {
    const job = await startJob(ctx, { partitioner: await addComponent(ctx, 'partitioner') });
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);
    const files = { 'data_0.bin': 'a', 'data_1.bin': 'b' };
    await runner.report(succeeded(ctx, await runner.claimOne(), files));
    return job;
  }
  const job = await partitionedJob(ctx, 2);
  const runner = await TestRunner.register(ctx);
  const grants = await runner.claim();
  await runner.report(...grants.map((grant) => succeeded(ctx, grant, { a: `${grant.ref.chunk}` })));
  if (step === 'deliver') await oneStep();
  return job;
}

/** A step claimed by a process that does nothing more: it died, or it is very slow. */
async function claimedBy(owner: string): Promise<{ step: StepRow; run: StepRun }> {
  const now = ctx.now();
  const step = await ctx.store.transact((tx) => claimStep(tx, owner, now, ctx.config.leaseMs));
  if (step === undefined) throw new Error('there is no step to claim');
  const job = await jobNow(ctx, { no: step.job });
  const policy = await policyOf(ctx, ctx.store.db, job.no, job.run);
  return { step, run: { ctx, step, job, policy, signal: NEVER } };
}

async function everything(): Promise<unknown> {
  const rows = [];
  for (const table of ['job', 'task', 'ready', 'step', 'output', 'event'] as const) {
    rows.push(await ctx.store.db.selectFrom(table).selectAll().execute());
  }
  return rows;
}

describe.each(STEP_NAMES)('the step %s', (name) => {
  it('is done again from its start by another when its owner died', async () => {
    const job = await jobBefore(name);
    const { step } = await claimedBy('dead');
    expect(step.name).toBe(name);
    ctx.advance(ctx.config.leaseMs - 1);
    expect(await oneStep('heir')).toBe(false);
    ctx.advance(1);
    expect(await oneStep('heir')).toBe(true);
    await assertInvariants(ctx);
    const next = await ctx.store.db.selectFrom('step').selectAll().execute();
    expect(next.map((row) => row.name)).not.toContain(name);
    expect((await jobNow(ctx, job)).state).not.toBe('FAILED');
  });

  it('cannot be ended, or written a part of, by an owner that lost it', async () => {
    await jobBefore(name);
    const { run } = await claimedBy('slow');
    ctx.advance(ctx.config.leaseMs);
    const { run: heirs } = await claimedBy('heir');
    expect(heirs.step.fence).toBe(run.step.fence + 1);
    const before = await everything();
    await expect(RUN[name](run)).rejects.toBeInstanceOf(StepLost);
    const body = async () => {
      throw new Error('must not be called');
    };
    await expect(completeStep(run, body)).rejects.toBeInstanceOf(StepLost);
    await expect(writeStepPart(run, body)).rejects.toBeInstanceOf(StepLost);
    expect(await everything()).toEqual(before);
  });

  it('that a stopping process had is done by it or by the next, without a wait', async () => {
    const job = await jobBefore(name);
    await runNextStep(ctx, 'stopping', AbortSignal.abort());
    await assertInvariants(ctx);
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe(
      { source: 'PARTITIONED', chunks: 'PARTITIONED', collect: 'COMPLETE', deliver: 'COMPLETE' }[
        name
      ],
    );
  });

  it('that two run at the same time has its effect once', async () => {
    const job = await jobBefore(name);
    const { run: a } = await claimedBy('a');
    ctx.advance(ctx.config.leaseMs);
    const { run: b } = await claimedBy('b');
    // Both began from the state in which the step is run.
    const enters = { source: 'UPLOADING', deliver: 'DOWNLOADING' } as const;
    const state = name === 'source' || name === 'deliver' ? enters[name] : null;
    const times = JSON.parse((await jobNow(ctx, job)).state_times) as object;
    const state_times = JSON.stringify({ ...times, ...(state && { [state]: ctx.now() }) });
    await ctx.store.db
      .updateTable('job')
      .set({ ...(state && { state }), state_times })
      .where('no', '=', job.no)
      .execute();
    const ends = await Promise.allSettled([RUN[name](a), RUN[name](b)]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});

describe('a step that fails', () => {
  it('for a reason of ours is tried again later, five times, and then fails the job', async () => {
    const job = await startJob(ctx);
    // A file where its folder has to be.
    await ctx.blobs.put(`job/${job.no}/data`, Buffer.from('in the way'));
    for (let tries = 1; tries < 5; tries++) {
      await oneStep();
      expect(await oneStep()).toBe(false);
      const step = await ctx.store.db.selectFrom('step').selectAll().executeTakeFirstOrThrow();
      expect(step).toMatchObject({ tries, owner: '' });
      await assertInvariants(ctx);
      ctx.advance(step.ready_at - ctx.now());
    }
    await oneStep();
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'FAILED', failure_reason: 'INTERNAL' });
  });

  it('because the source does not answer is tried three times, and then fails as DATA_SOURCE', async () => {
    const job = await startJob(ctx);
    const url = 'http://127.0.0.1:1/file';
    await ctx.store.db
      .updateTable('job_doc')
      .set({ data_source: JSON.stringify({ descriptor: 'url', params: { url } }) })
      .where('no', '=', job.no)
      .execute();
    for (let i = 0; i < 3; i++) {
      expect((await jobNow(ctx, job)).failure_reason).toBe('NONE');
      await oneStep();
      ctx.advance(60_000);
    }
    const ended = await jobNow(ctx, job);
    expect(ended).toMatchObject({ state: 'FAILED', failure_reason: 'DATA_SOURCE' });
    expect(ended.error_message).toMatch(/^data source: /);
    expect(ended.error_message).toContain('127.0.0.1');
  });
});

it('steps of many jobs run at the same time, each once', async () => {
  const jobs = [];
  for (let i = 0; i < 6; i++) jobs.push(await startJob(ctx));
  const loop = async (owner: string) => {
    while (await oneStep(owner));
  };
  await Promise.all(['a', 'b', 'c'].map((owner) => loop(owner)));
  for (const job of jobs) expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
});

it('a collected index names every result once, whatever crashed between', async () => {
  const job = await jobBefore('collect');
  const { run } = await claimedBy('dead');
  await expect(
    runCollectStep({ ...run, step: { ...run.step, owner: 'other' } }),
  ).rejects.toBeInstanceOf(StepLost);
  ctx.advance(ctx.config.leaseMs);
  await runSteps(ctx);
  expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  const outputs = await ctx.store.db.selectFrom('output').select('path').execute();
  expect(outputs.map(({ path }) => path).toSorted()).toEqual(['a_0', 'a_1']);
});

it('a result that was damaged in the store fails the job, and is not delivered', async () => {
  ctx.config.backoff = { baseMs: 1, capMs: 1 };
  const job = await jobBefore('collect');
  const task = await ctx.store.db
    .selectFrom('task')
    .selectAll()
    .where('kind', '=', 'APP')
    .executeTakeFirstOrThrow();
  const key = task.result_key ?? '';
  const bytes = await ctx.blobs.read(key, { offset: 0, length: await ctx.blobs.size(key) });
  const damaged = Buffer.from(bytes);
  damaged.writeUInt8(damaged.readUInt8(0) ^ 1);
  await replaceBlob(key, damaged);
  for (let i = 0; i < 5; i++) {
    await oneStep();
    ctx.advance(100);
  }
  const ended = await jobNow(ctx, job);
  expect(ended).toMatchObject({ state: 'FAILED', failure_reason: 'INTERNAL' });
  expect(ended.error_message).toContain('is damaged: its SHA-256 differs');
  await replaceBlob(key, bytes);
});

async function replaceBlob(key: string, bytes: Uint8Array): Promise<void> {
  await ctx.blobs.deletePrefix(key);
  await ctx.blobs.put(key, bytes);
}
