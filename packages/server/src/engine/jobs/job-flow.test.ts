/** Whole jobs, without a runner's process: every message of the runner is made by hand. */
import { JOB_STATES, RawJson } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { taskIdOf } from '../../domain/task-id.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, draftJob, jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { readInput } from '../../testing/read-input.ts';
import { partitionedJob, workOff } from '../../testing/scenario.ts';
import { succeeded, TestRunner } from '../../testing/test-runner.ts';
import { findResultFile, getResults } from './results.ts';
import { runJob } from './run-job.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

async function outputsOf(id: string): Promise<Record<string, string>> {
  const { jobNo, run, names } = await getResults(ctx, ctx.account, id);
  const outputs: Record<string, string> = {};
  for (const name of names) {
    const { key, offset, length } = await findResultFile(ctx, jobNo, run, name);
    outputs[name] = (await ctx.blobs.read(key, { offset, length })).toString();
  }
  return outputs;
}

describe('a job whose engines are passthrough', () => {
  it('runs its app on the source and delivers what that wrote', async () => {
    const job = await startJob(ctx, { params: { app: new RawJson('{"a":1.0}') } });
    expect(job.state).toBe('STARTED');
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
    const runner = await TestRunner.register(ctx);
    const { grants, contexts, tail } = await runner.exchange({
      free: { cpus: 4, memoryBytes: 2 ** 33 },
    });
    const [grant] = grants;
    if (grant === undefined) throw new Error('no task was granted');
    expect(grants).toHaveLength(1);
    expect(grant).toMatchObject({
      taskId: taskIdOf(job.uuid, { kind: 'APP', run: 0, chunk: 0 }),
      chunkName: 'dummy_file.txt',
      ref: { job: job.no, kind: 'APP', run: 0, chunk: 0, attempt: 1 },
    });
    expect(TestRunner.inlineInput(grant, tail)).toBe('dummy_file');
    expect(contexts[grant.context]).toMatchObject({ params: '{"a":1.0}', numChunks: 1 });
    ctx.advance(1000);
    const times = { startedAt: ctx.now() - 900, endedAt: ctx.now() };
    const files = { 'out/a.json': '{}', b: '' };
    expect(await runner.report(succeeded(ctx, grant, files, times))).toEqual(['committed']);
    await runSteps(ctx);
    expect(await jobNow(ctx, job)).toMatchObject({
      state: 'COMPLETE',
      committed: 1,
      failed: 0,
      price: 25_000, // 0.9 s on one CPU and one GiB
      failure_reason: 'NONE',
    });
    expect(await outputsOf(job.id)).toEqual(files);
  });

  it('passes through every state in order, with a time for each', async () => {
    const job = await startJob(ctx);
    await runSteps(ctx);
    await workOff(await TestRunner.register(ctx));
    const times = JSON.parse((await jobNow(ctx, job)).state_times) as object;
    expect(Object.keys(times)).toEqual(JOB_STATES.filter((state) => state !== 'FAILED'));
  });

  it('writes nothing where the destination is bypass', async () => {
    const job = await startJob(ctx, { destination: 'bypass' });
    await runSteps(ctx);
    await workOff(await TestRunner.register(ctx));
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
    expect(await outputsOf(job.id)).toEqual({});
  });
});

describe('a job with a partitioner and an assembler', () => {
  it('takes the partitioner’s files as chunks and gives all results to the assembler once, in order', async () => {
    const partitioner = await addComponent(ctx, 'partitioner');
    const assembler = await addComponent(ctx, 'assembler');
    const job = await startJob(ctx, { partitioner, assembler });
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);

    const cut = await runner.claimOne();
    expect(cut.ref).toMatchObject({ kind: 'PARTITIONER', run: 1, chunk: 0, attempt: 1 });
    expect(await readInput(ctx, cut.lease)).toEqual({ 'source/dummy_file.txt': 'dummy_file' });
    const chunks = { 'data_10.bin': 'ten', 'data_2.bin': 'two', 'data_0.bin': '' };
    await runner.report(succeeded(ctx, cut, chunks));
    await runSteps(ctx);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', num_chunks: 3 });

    const { grants, tail } = await runner.exchange({ free: { cpus: 9, memoryBytes: 2 ** 40 } });
    const inputs = grants.map((g) => [g.ref.chunk, g.chunkName, TestRunner.inlineInput(g, tail)]);
    expect(inputs).toEqual([
      [0, 'data_0.bin', ''],
      [1, 'data_2.bin', 'two'],
      [2, 'data_10.bin', 'ten'],
    ]);
    const [first, second, third] = grants.map((grant, i) =>
      succeeded(ctx, grant, { 'out/same.json': `${i}`, [`own${i}`]: 'x' }),
    );
    if (!first || !second || !third) throw new Error('three tasks are wanted');
    await runner.report(third, first);
    expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
    await runner.report(second);
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('MERGING');

    const merge = await runner.claimOne();
    expect(merge.ref).toMatchObject({ kind: 'ASSEMBLER', run: 1 });
    const { 'manifest.jsonl': manifest = '', ...results } = await readInput(ctx, merge.lease);
    expect(results).toEqual({
      'results/out/same_0.json': '0',
      'results/own0': 'x',
      'results/out/same_1.json': '1',
      'results/own1': 'x',
      'results/out/same_2.json': '2',
      'results/own2': 'x',
    });
    const lines = manifest.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      [0, 1, 2].map((chunk) => ({
        chunk,
        taskId: taskIdOf(job.uuid, { kind: 'APP', run: 0, chunk }),
        state: 'TASK_STATE_COMPLETED',
        files: [`out/same_${chunk}.json`, `own${chunk}`],
      })),
    );
    await runner.report(succeeded(ctx, merge, { 'totals/all.json': '[0,1,2]' }));
    await runSteps(ctx);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', committed: 3 });
    expect(await outputsOf(job.id)).toEqual({ 'totals/all.json': '[0,1,2]' });
  });

  it('may have thousands of chunks', async () => {
    const job = await partitionedJob(ctx, 2100);
    expect(job).toMatchObject({ state: 'PARTITIONED', num_chunks: 2100 });
    const runner = await TestRunner.register(ctx, { cpus: 1000 });
    const granted = await runner.claim();
    expect(granted).toHaveLength(500);
    await workOff(runner);
    // What was granted first is still held.
    expect(await jobNow(ctx, job)).toMatchObject({ committed: 1600, cursor: 2100 });
    await runner.report(...granted.map((grant) => succeeded(ctx, grant, {})));
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
    expect(Object.keys(await outputsOf(job.id))).toHaveLength(1600);
  }, 60_000);
});

describe('a job without chunks', () => {
  it('fails with NO_CHUNKS', async () => {
    const job = await partitionedJob(ctx, 0);
    expect(job).toMatchObject({ state: 'FAILED', failure_reason: 'NO_CHUNKS', num_chunks: 0 });
    expect(job.error_message).toContain('CHUNKS_DIR');
  });

  it('goes on to the assembler with an empty directory where allowEmpty is set', async () => {
    const assembler = await addComponent(ctx, 'assembler');
    const job = await partitionedJob(ctx, 0, { assembler, config: { allowEmpty: true } });
    expect(job).toMatchObject({ state: 'MERGING', num_chunks: 0 });
    const runner = await TestRunner.register(ctx);
    const merge = await runner.claimOne();
    expect(await readInput(ctx, merge.lease)).toEqual({ 'manifest.jsonl': '' });
    await runner.report(succeeded(ctx, merge, { done: '' }));
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });
});

it('a test job costs nothing', async () => {
  const job = await startJob(ctx, { config: { isTestJob: true } });
  await runSteps(ctx);
  const runner = await TestRunner.register(ctx);
  const grant = await runner.claimOne();
  ctx.advance(60_000);
  await runner.report(succeeded(ctx, grant, {}, { startedAt: ctx.now() - 50_000 }));
  expect((await jobNow(ctx, job)).price).toBe(0);
});

it('a draft is started once, whoever asks at the same time', async () => {
  const draft = await draftJob(ctx);
  const runs = await Promise.allSettled(
    Array.from({ length: 4 }, () => runJob(ctx, ctx.account, draft.id, {})),
  );
  expect(runs.filter((run) => run.status === 'fulfilled')).toHaveLength(1);
  expect(await jobNow(ctx, draft)).toMatchObject({ state: 'STARTED', run: 1 });
});
