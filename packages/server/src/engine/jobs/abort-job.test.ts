import { JOB_STATES, type JobState } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectGarbage } from '../../scheduler/retention.ts';
import { findJobByNo } from '../../store/jobs.ts';
import type { JobRow } from '../../store/tables.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { assertInvariants, checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, draftJob, jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { partitionedJob, workOff } from '../../testing/scenario.ts';
import { failed, phaseOf, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { runNextStep } from '../steps/run-step.ts';
import { abortJob, deleteJob } from './abort-job.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

/** Claims a step and gives it back at once: the job has entered the step's state. */
const claimOnly = () => runNextStep(ctx, 'test', AbortSignal.abort());
const oneStep = () => runNextStep(ctx, 'test', new AbortController().signal);

async function committedChunks(assembler?: string): Promise<JobRow> {
  const job = await partitionedJob(ctx, 2, assembler === undefined ? {} : { assembler });
  const runner = await TestRunner.register(ctx);
  const grants = await runner.claim();
  await runner.report(...grants.map((grant) => succeeded(ctx, grant, { a: 'x' })));
  return job;
}

/** Ways to bring a job into each state, as untidy as it can be there. */
const REACH: Record<JobState, () => Promise<JobRow>> = {
  NEW: () => draftJob(ctx),
  STARTED: () => startJob(ctx),
  async UPLOADING() {
    const job = await startJob(ctx);
    await claimOnly();
    return job;
  },
  async PARTITIONING() {
    const job = await startJob(ctx, { partitioner: await addComponent(ctx, 'partitioner') });
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);
    await runner.claimOne();
    return job;
  },
  async PARTITIONED() {
    const job = await partitionedJob(ctx, 6);
    const runner = await TestRunner.register(ctx);
    const [a, b, c, d, e] = await runner.claim(5);
    if (!a || !b || !c || !d || !e) throw new Error('five tasks are wanted');
    await runner.beat([d.lease], [phaseOf(ctx, d, 'RUNNING')]);
    ctx.advance(10_000);
    await runner.report(succeeded(ctx, a, { x: '' }), failed(ctx, b));
    await runner.exchange({ released: [c.lease] });
    return job;
  },
  TASKS_COMPLETED: () => committedChunks(),
  async MERGING() {
    const job = await committedChunks(await addComponent(ctx, 'assembler'));
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);
    await runner.claimOne();
    return job;
  },
  async MERGED() {
    const job = await committedChunks();
    await oneStep();
    return job;
  },
  async DOWNLOADING() {
    const job = await committedChunks();
    await oneStep();
    await claimOnly();
    return job;
  },
  async COMPLETE() {
    const job = await startJob(ctx);
    await runSteps(ctx);
    await workOff(await TestRunner.register(ctx));
    return job;
  },
  async FAILED() {
    const job = await startJob(ctx);
    await abortJob(ctx, ctx.account, job.id);
    return job;
  },
};

async function reach(state: JobState): Promise<JobRow> {
  const job = await jobNow(ctx, await REACH[state]());
  expect(job.state).toBe(state);
  await assertInvariants(ctx);
  return job;
}

describe('abort', () => {
  it.each(JOB_STATES.filter((state) => !['NEW', 'COMPLETE', 'FAILED'].includes(state)))(
    'of a job in %s ends it at once and for good, whatever runs',
    async (state) => {
      const job = await reach(state);
      const leases = await ctx.store.db.selectFrom('lease').select(['id', 'runner']).execute();
      await abortJob(ctx, ctx.account, job.id);
      const ended = await jobNow(ctx, job);
      expect(ended).toMatchObject({
        state: 'FAILED',
        failure_reason: 'ABORTED',
        error_message: 'aborted by user',
        ended_at: ctx.now(),
        committed: job.committed,
      });
      await assertInvariants(ctx);
      for (const { id, runner: name } of leases) {
        const runner = await TestRunner.register(ctx, { name });
        expect(await runner.beat([id])).toEqual([id]);
      }
      ctx.advance(ctx.config.backoff.capMs);
      expect(await (await TestRunner.register(ctx)).claim()).toEqual([]);
      await runSteps(ctx);
      expect(await jobNow(ctx, job)).toEqual(ended);
      await expect(abortJob(ctx, ctx.account, job.id)).rejects.toThrow('job has already ended');
    },
  );

  it.each(['COMPLETE', 'FAILED'] as const)('of a job in %s is refused', async (state) => {
    const job = await reach(state);
    await expect(abortJob(ctx, ctx.account, job.id)).rejects.toThrow('job has already ended');
    expect(await jobNow(ctx, job)).toEqual(job);
  });

  it('of a draft deletes it', async () => {
    const job = await reach('NEW');
    await abortJob(ctx, ctx.account, job.id);
    expect(await findJobByNo(ctx.store.db, job.no)).toBeUndefined();
    await expect(abortJob(ctx, ctx.account, job.id)).rejects.toThrow('job not found');
  });

  it('of many at the same time counts once', async () => {
    const job = await reach('PARTITIONED');
    const aborts = await Promise.allSettled(
      [1, 2, 3].map(() => abortJob(ctx, ctx.account, job.id)),
    );
    expect(aborts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('lets no step that was running go on', async () => {
    const job = await startJob(ctx);
    const running = oneStep();
    await abortJob(ctx, ctx.account, job.id);
    await running;
    expect(await jobNow(ctx, job)).toMatchObject({ failure_reason: 'ABORTED' });
  });
});

describe('deletion', () => {
  it.each(JOB_STATES.filter((state) => !['NEW', 'COMPLETE', 'FAILED'].includes(state)))(
    'of a job in %s is refused',
    async (state) => {
      const job = await reach(state);
      await expect(deleteJob(ctx, ctx.account, job.id)).rejects.toThrow('abort it first');
    },
  );

  it('leaves nothing of an ended job but the rows of others', async () => {
    const job = await reach('COMPLETE');
    const other = await reach('MERGED');
    await deleteJob(ctx, ctx.account, job.id);
    await collectGarbage(ctx);
    for (const table of ['task', 'attempt', 'output', 'log_pack', 'pin', 'lease'] as const) {
      const rows = await ctx.store.db.selectFrom(table).select('job').execute();
      expect(rows.filter((row) => row.job === job.no)).toEqual([]);
    }
    for await (const key of ctx.blobs.list(`job/${job.no}`)) expect(key).toBe('none');
    expect((await jobNow(ctx, other)).state).toBe('MERGED');
  });

  it('also collects what a runner brings after it', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await abortJob(ctx, ctx.account, job.id);
    await deleteJob(ctx, ctx.account, job.id);
    await collectGarbage(ctx);
    expect(await runner.report(succeeded(ctx, grant, { a: 'late' }))).toEqual(['ended']);
    await assertInvariants(ctx);
    ctx.advance(24 * 3_600_000);
    await collectGarbage(ctx);
    for await (const key of ctx.blobs.list(`job/${job.no}`)) expect(key).toBe('none');
  });
});

it('aborted by a server whose clock is behind, a job’s times go forward all the same', async () => {
  const job = await REACH.PARTITIONED();
  const { state_times: before } = await jobNow(ctx, job);
  ctx.advance(-60_000);
  await abortJob(ctx, ctx.account, job.id);
  const { state_times: after, ended_at: endedAt } = await jobNow(ctx, job);
  const { PARTITIONED } = JSON.parse(before) as Record<string, number>;
  expect(JSON.parse(after)).toMatchObject({ PARTITIONED, FAILED: PARTITIONED });
  expect(endedAt).toBe(PARTITIONED);
});
