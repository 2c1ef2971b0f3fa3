/** config.toleratedFailures: some chunks may be lost, and the job says which. */
import type { Grant } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { effectiveConfig } from '../../domain/job-doc.ts';
import { taskIdOf } from '../../domain/task-id.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { assertInvariants, checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { readInput } from '../../testing/read-input.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { getResults } from '../jobs/results.ts';
import { pushTemplate } from '../templates/push-template.ts';
import { createJob } from '../jobs/create-job.ts';
import { viewJob } from '../jobs/job-view.ts';

const CAP_MS = 300_000;

let ctx: TestContext;
let runner: TestRunner;
beforeEach(async () => {
  ctx = await createTestContext();
  runner = await TestRunner.register(ctx);
});
afterEach(() => checkAndDispose(ctx));

function budgetJob(chunks: number, toleratedFailures: string | number, options = {}) {
  return partitionedJob(ctx, chunks, {
    config: { toleratedFailures, maxTaskRetries: 0 },
    ...options,
  });
}

async function claimAll(count: number): Promise<Grant[]> {
  const grants = await runner.claim(count);
  expect(grants).toHaveLength(count);
  return grants.toSorted((a, b) => a.ref.chunk - b.ref.chunk);
}

/** Fails these chunks and commits all others. */
async function end(grants: readonly Grant[], failing: readonly number[]): Promise<void> {
  for (const grant of grants) {
    const { chunk } = grant.ref;
    const report = failing.includes(chunk)
      ? failed(ctx, grant)
      : succeeded(ctx, grant, { [`${chunk}.txt`]: '' });
    await runner.report(report);
    await assertInvariants(ctx);
  }
  await runSteps(ctx);
}

describe('a chunk that finally failed, within what is tolerated', () => {
  it('is missing in the manifest and nowhere else: the job completes and counts it', async () => {
    const assembler = await addComponent(ctx, 'assembler');
    const job = await budgetJob(4, '50%', { assembler });
    await end(await claimAll(4), [1, 3]);
    const merge = await runner.claimOne();
    expect(merge.ref.kind).toBe('ASSEMBLER');
    const { 'manifest.jsonl': manifest = '', ...results } = await readInput(ctx, merge.lease);
    expect(Object.keys(results)).toEqual(['results/0.txt', 'results/2.txt']);
    expect(
      manifest
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(
      [0, 1, 2, 3].map((chunk) => ({
        chunk,
        taskId: taskIdOf(job.uuid, { kind: 'APP', run: 0, chunk }),
        state: chunk % 2 === 0 ? 'TASK_STATE_COMPLETED' : 'TASK_STATE_FAILED',
        files: chunk % 2 === 0 ? [`${chunk}.txt`] : [],
      })),
    );
    await runner.report(succeeded(ctx, merge, { all: '' }));
    await runSteps(ctx);
    const row = await jobNow(ctx, job);
    expect(row).toMatchObject({
      state: 'COMPLETE',
      committed: 2,
      failed: 2,
      failure_reason: 'NONE',
      error_message: '',
    });
    expect((await viewJob(ctx, row)).taskCounts).toEqual({ COMPLETED: 2, FAILED: 2 });
  });

  it('leaves the results of the others where the assembler is a passthrough', async () => {
    const job = await budgetJob(3, 1);
    await end(await claimAll(3), [0]);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', failed: 1 });
    expect((await getResults(ctx, ctx.account, job.id)).names).toEqual(['1.txt', '2.txt']);
  });

  it('may be every chunk', async () => {
    const job = await budgetJob(2, '100%');
    await end(await claimAll(2), [0, 1]);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', committed: 0, failed: 2 });
    expect((await getResults(ctx, ctx.account, job.id)).names).toEqual([]);
  });

  it('moves the job on when it is the last to end', async () => {
    const job = await budgetJob(2, 1);
    const [a, b] = await claimAll(2);
    if (!a || !b) throw new Error('two tasks are wanted');
    await runner.report(succeeded(ctx, a, {}));
    expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
    await runner.report(failed(ctx, b));
    expect((await jobNow(ctx, job)).state).toBe('TASKS_COMPLETED');
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });

  it('has had all its retries first, and so have the others', async () => {
    const config = { toleratedFailures: 2, maxTaskRetries: 1 };
    const job = await partitionedJob(ctx, 2, { config });
    const [a, b] = await claimAll(2);
    if (!a || !b) throw new Error('two tasks are wanted');
    await runner.report(failed(ctx, a), failed(ctx, b));
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', failed: 0 });
    ctx.advance(CAP_MS);
    const again = await claimAll(2);
    await end(again, [0]);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', committed: 1, failed: 1 });
  });
});

describe('a job with more failures than it tolerates', () => {
  it('fails at once, with the number of them', async () => {
    const job = await budgetJob(10, '20%');
    const grants = await claimAll(4);
    await end(grants.slice(0, 2), [0, 1]);
    expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
    await end(grants.slice(2, 3), [2]);
    expect(await jobNow(ctx, job)).toMatchObject({
      state: 'FAILED',
      failure_reason: 'TASK_FAILED',
      error_message: 'chunk 2: exit code 1: no such word (3 of 10 chunks failed, 2 tolerated)',
      failed: 3,
    });
    expect(await runner.beat(grants.map(({ lease }) => lease))).toContain(grants[3]?.lease);
  });

  it('fails once, however many come in one message', async () => {
    const job = await budgetJob(4, 1);
    await runner.report(...(await claimAll(4)).map((grant) => failed(ctx, grant)));
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'FAILED', failed: 2 });
  });

  it('rounds a percentage down', async () => {
    const job = await budgetJob(3, '33%');
    await end(await claimAll(1), [0]);
    expect((await jobNow(ctx, job)).state).toBe('FAILED');
  });
});

it('engines are not chunks: a budget does not help them', async () => {
  const partitioner = await addComponent(ctx, 'partitioner');
  const config = { toleratedFailures: '100%', maxTaskRetries: 0 };
  const job = await startJob(ctx, { partitioner, config });
  await runSteps(ctx);
  await runner.report(failed(ctx, await runner.claimOne()));
  expect(await jobNow(ctx, job)).toMatchObject({
    state: 'FAILED',
    failure_reason: 'PARTITIONER_FAILED',
  });
});

describe('a template', () => {
  it('gives its budget to jobs that name no other', async () => {
    const app = await addComponent(ctx, 'app');
    await pushTemplate(ctx, ctx.account, { id: 'lenient', app, config: { toleratedFailures: 2 } });
    const toleratedOf = async (config?: { toleratedFailures: string }) => {
      const input = { templateId: 'lenient', ...(config && { config }) };
      return effectiveConfig((await createJob(ctx, ctx.account, input)).doc).toleratedFailures;
    };
    expect(await toleratedOf()).toBe('2');
    expect(await toleratedOf({ toleratedFailures: '1%' })).toBe('1%');
    expect(await toleratedOf({ toleratedFailures: '' })).toBe('');
  });
});
