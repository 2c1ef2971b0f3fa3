import { ATTEMPT_REASONS } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_LOSSES } from '../../domain/task-end.ts';
import type { JobRow, TaskRow } from '../../store/tables.ts';
import { endedAttempts, findTask } from '../../store/tasks.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { assertInvariants, checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, phaseOf, succeeded, TestRunner } from '../../testing/test-runner.ts';

const CAP_MS = 300_000;
const MINUTE = 60_000;
/** One minute at one CPU and one GiB, in 1e-8 ByteChips. */
const MINUTE_PRICE = 1_666_667;

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

async function taskOf(job: JobRow, chunk = 0): Promise<TaskRow> {
  const task = await findTask(ctx.store.db, job.no, { kind: 'APP', run: 0, chunk });
  if (task === undefined) throw new Error(`no task ${chunk}`);
  return task;
}

async function attemptsOf(job: JobRow, chunk = 0): Promise<string[]> {
  const rows = await endedAttempts(ctx.store.db, job.no, [{ kind: 'APP', run: 0, chunk }]);
  return rows.map((row) => `${row.attempt} ${row.reason}`);
}

async function runningJob(maxTaskRetries = 3): Promise<JobRow> {
  const job = await startJob(ctx, { config: { maxTaskRetries } });
  await runSteps(ctx);
  return jobNow(ctx, job);
}

describe('an attempt that failed', () => {
  it('leaves what it took on its task; one that was lost leaves nothing', async () => {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    const report = failed(ctx, await runner.claimOne());
    await runner.report(report);
    expect(JSON.parse((await taskOf(job)).stats ?? '')).toEqual(report.report.stats);
    ctx.advance(CAP_MS);
    await runner.claimOne();
    await runner.reborn();
    expect(await attemptsOf(job)).toEqual(['1 EXIT_NONZERO', '2 WORKER_LOST']);
    expect((await taskOf(job)).stats).toBeNull();
  });

  it('is followed by another after a wait, and the result of that one counts', async () => {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    const first = await runner.claimOne();
    expect(await runner.report(failed(ctx, first))).toEqual(['ended']);
    const { ready_at: readyAt } = await ctx.store.db
      .selectFrom('ready')
      .selectAll()
      .executeTakeFirstOrThrow();
    expect(readyAt).toBeLessThan(ctx.now() + ctx.config.backoff.baseMs);
    await assertInvariants(ctx);
    ctx.advance(CAP_MS);
    const second = await runner.claimOne();
    expect(second.ref.attempt).toBe(2);
    expect(second.lease).not.toBe(first.lease);
    await runner.report(succeeded(ctx, second, { a: 'x' }));
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
    expect(await taskOf(job)).toMatchObject({
      state: 'committed',
      attempts: 2,
      winner: 2,
      retries: 1,
      error_message: 'exit code 1: no such word',
    });
    expect(await attemptsOf(job)).toEqual(['1 EXIT_NONZERO']);
  });

  it('is not tried again where the job names its exit code or its reason as final', async () => {
    for (const [reason, failOn] of [
      ['EXIT_NONZERO', [1]],
      ['TIMEOUT', ['TIMEOUT']],
    ] as const) {
      const job = await startJob(ctx, { config: { failOn: [...failOn] } });
      await runSteps(ctx);
      const runner = await TestRunner.register(ctx);
      await runner.report(failed(ctx, await runner.claimOne(), reason));
      expect(await jobNow(ctx, job)).toMatchObject({ state: 'FAILED', failed: 1 });
    }
  });

  it('is not tried again before its wait is over', async () => {
    ctx = await restartedWith({ backoff: { baseMs: 1e9, capMs: 1e9 } });
    await runningJob();
    const runner = await TestRunner.register(ctx);
    await runner.report(failed(ctx, await runner.claimOne()));
    const { ready_at: readyAt } = await ctx.store.db
      .selectFrom('ready')
      .selectAll()
      .executeTakeFirstOrThrow();
    expect(readyAt).toBeGreaterThan(ctx.now());
    ctx.advance(readyAt - ctx.now() - 1);
    expect(await runner.claim()).toEqual([]);
    ctx.advance(1);
    expect(await runner.claim()).toHaveLength(1);
  });

  it('fails the job at once when no retry is left: other tasks are aborted, their runners told to stop', async () => {
    const job = await partitionedJob(ctx, 4, { config: { maxTaskRetries: 0 } });
    const one = await TestRunner.register(ctx);
    const other = await TestRunner.register(ctx);
    const [bad] = await one.claim(1);
    const held = await other.claim(2);
    if (bad === undefined) throw new Error('no task was granted');
    expect(await other.beat(held.map(({ lease }) => lease))).toEqual([]);
    await one.report(failed(ctx, bad));
    const ended = await jobNow(ctx, job);
    expect(ended).toMatchObject({
      state: 'FAILED',
      failure_reason: 'TASK_FAILED',
      error_message: 'chunk 0: exit code 1: no such word',
      failed: 1,
      ended_at: ctx.now(),
    });
    expect((await taskOf(job)).state).toBe('failed');
    const killed = await other.beat(held.map(({ lease }) => lease));
    expect(killed.toSorted()).toEqual(held.map(({ lease }) => lease).toSorted());
    expect(await attemptsOf(job, 1)).toEqual(['1 ABORTED']);
    expect(await attemptsOf(job, 3)).toEqual([]);
    expect(await one.claim()).toEqual([]);
    const late = held.map((grant) => succeeded(ctx, grant, { a: '' }));
    expect(await other.report(...late)).toEqual(['ended', 'ended']);
    expect(await jobNow(ctx, job)).toEqual(ended);
  });

  it.each([
    ['partitioner', 'PARTITIONER_FAILED'],
    ['assembler', 'ASSEMBLER_FAILED'],
  ] as const)('of a %s is retried too, and then fails the job as %s', async (type, reason) => {
    const options = { [type]: await addComponent(ctx, type), config: { maxTaskRetries: 1 } };
    const job = await startJob(ctx, options);
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);
    if (type === 'assembler') {
      await runner.report(succeeded(ctx, await runner.claimOne(), {}));
      await runSteps(ctx);
    }
    await runner.report(failed(ctx, await runner.claimOne()));
    ctx.advance(CAP_MS);
    await assertInvariants(ctx);
    await runner.report(failed(ctx, await runner.claimOne()));
    expect(await jobNow(ctx, job)).toMatchObject({
      state: 'FAILED',
      failure_reason: reason,
      error_message: `${type}: exit code 1: no such word`,
      failed: 0,
    });
  });

  it.each(ATTEMPT_REASONS)(
    'for the reason %s never leaves the job without a next move',
    async (reason) => {
      const job = await runningJob(1);
      const runner = await TestRunner.register(ctx);
      await runner.report(failed(ctx, await runner.claimOne(), reason));
      await assertInvariants(ctx);
      expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
    },
  );

  it('ends in FAILED after so many losses, none of which used a retry', async () => {
    const job = await runningJob(0);
    const runner = await TestRunner.register(ctx);
    for (let i = 0; i <= MAX_LOSSES; i++) {
      expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
      await runner.report(failed(ctx, await runner.claimOne(), 'INTERNAL'));
      ctx.advance(CAP_MS);
    }
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'FAILED', price: 0 });
    expect(await taskOf(job)).toMatchObject({ retries: 0, attempts: MAX_LOSSES + 1 });
  });

  it('says in its message neither NUL nor more than the limit', async () => {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    const errorMessage = `a\0b\ud800${'é'.repeat(5000)}`;
    await runner.report(failed(ctx, await runner.claimOne(), 'EXIT_NONZERO', { errorMessage }));
    const { error_message: kept } = await taskOf(job);
    expect(kept.startsWith('ab')).toBe(true);
    expect(kept).not.toContain('\0');
    expect(Buffer.from(kept).toString()).toBe(kept);
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(4096);
  });
});

describe('the price of a job', () => {
  it('counts the user’s process in every attempt but the platform’s own failures', async () => {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    for (const reason of ['EXIT_NONZERO', 'WORKER_LOST', 'TIMEOUT'] as const) {
      const grant = await runner.claimOne();
      ctx.advance(MINUTE);
      await runner.report(failed(ctx, grant, reason, { startedAt: ctx.now() - MINUTE }));
      ctx.advance(CAP_MS);
    }
    const grant = await runner.claimOne();
    ctx.advance(MINUTE);
    await runner.report(succeeded(ctx, grant, {}, { startedAt: ctx.now() - MINUTE }));
    expect((await jobNow(ctx, job)).price).toBe(3 * MINUTE_PRICE);
    expect((await taskOf(job)).price).toBe(3 * MINUTE_PRICE);
  });

  it('counts what was running when the job ended, and all that failed together', async () => {
    const job = await partitionedJob(ctx, 4, { config: { maxTaskRetries: 0 } });
    const runner = await TestRunner.register(ctx);
    const [a, b, c, idle] = await runner.claim(4);
    if (!a || !b || !c || !idle) throw new Error('four tasks are wanted');
    await runner.beat([c.lease], [phaseOf(ctx, c, 'RUNNING')]);
    const startedAt = ctx.now();
    ctx.advance(MINUTE);
    await runner.report(
      failed(ctx, a, 'EXIT_NONZERO', { startedAt }),
      failed(ctx, b, 'EXIT_NONZERO', { startedAt }),
    );
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'FAILED', price: 3 * MINUTE_PRICE });
    expect(await attemptsOf(job, 1)).toEqual(['1 EXIT_NONZERO']);
    expect(await attemptsOf(job, 2)).toEqual(['1 ABORTED']);
  });

  it('believes no times outside those of the lease', async () => {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    ctx.advance(MINUTE);
    const times = { startedAt: 0, endedAt: ctx.now() + 1e9 };
    await runner.report(succeeded(ctx, grant, {}, times));
    expect((await jobNow(ctx, job)).price).toBe(MINUTE_PRICE);
  });
});

async function restartedWith(overrides: Parameters<typeof createTestContext>[0]) {
  await ctx.dispose();
  return createTestContext(overrides);
}
