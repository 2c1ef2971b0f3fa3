/** Attempts that learn from how those before them ended. */
import type { Grant } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { taskIdMaker } from '../../domain/task-id.ts';
import type { JobRow } from '../../store/tables.ts';
import { endedAttempts, findTask } from '../../store/tasks.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, jobNow, runSteps } from '../../testing/jobs.ts';
import { partitionedJob, workOff } from '../../testing/scenario.ts';
import { failed, phaseOf, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { createReaper } from '../../scheduler/reap-leases.ts';
import { explainJob } from '../explain/explain-job.ts';
import { retryJob } from '../jobs/retry-job.ts';
import { RESERVE_AFTER_MS } from '../fairness/reservations.ts';

const GIB = 1024 ** 3;

let ctx: TestContext;
let reap: () => Promise<boolean>;
beforeEach(async () => {
  ctx = await createTestContext({ backoff: { baseMs: 1, capMs: 1 } });
  reap = createReaper(ctx);
  await reap();
});
afterEach(() => checkAndDispose(ctx));

const attemptsOf = (job: JobRow, chunk = 0) =>
  endedAttempts(ctx.store.db, job.no, [{ kind: 'APP', run: 0, chunk }]);
const summaryOf = async (job: JobRow, chunk = 0) => {
  const taskId = taskIdMaker(job.uuid)({ kind: 'APP', run: 0, chunk });
  return (await explainJob(ctx, ctx.account, job.id, { taskId })).summary;
};

describe('an attempt that ran out of memory', () => {
  const starve = async (runner: TestRunner, grant: Grant) => {
    const errorMessage = 'out of memory, limit 1024 MiB';
    await runner.report(failed(ctx, grant, 'OUT_OF_MEMORY', { errorMessage }));
    ctx.advance(1);
  };
  /** Memory and notes of the one task that is granted. */
  const next = async (runner: TestRunner, gib = 1000) => {
    const free = { cpus: 1, memoryBytes: gib * GIB };
    const { grants, contexts } = await runner.exchange({ free });
    const [grant] = grants;
    if (grant === undefined) throw new Error('no task was granted');
    const memory = (contexts[grant.context]?.memoryBytes ?? 0) / GIB;
    return { grant, memory, notes: grant.notes };
  };

  it('is followed by one with twice the memory, up to what the largest runner has, and says so', async () => {
    const job = await partitionedJob(ctx, 1, { config: { maxTaskRetries: 9 } });
    const runner = await TestRunner.register(ctx, { memoryBytes: 3 * GIB });
    ctx.advance(ctx.config.leaseMs + 1);
    const memories = [];
    const notes = [];
    for (let i = 0; i < 4; i += 1) {
      const given = await next(runner);
      memories.push(given.memory);
      notes.push(...given.notes);
      await starve(runner, given.grant);
    }
    expect(memories).toEqual([1, 2, 3, 3]);
    expect(notes[0]).toBe(
      'the task gets 2048 MiB of memory instead of 1024 MiB: an earlier attempt ran out of it',
    );
    expect((await attemptsOf(job)).map((row) => row.error_message)).toEqual([
      'out of memory, limit 1024 MiB; the next attempt gets 2048 MiB',
      'out of memory, limit 1024 MiB; the next attempt gets 3072 MiB',
      'out of memory, limit 1024 MiB; the next attempt gets no more, tasks have 3072 MiB at most here',
      'out of memory, limit 1024 MiB; the next attempt gets no more, tasks have 3072 MiB at most here',
    ]);
    const last = await next(runner);
    expect(await summaryOf(job)).toContain(
      '(attempt 5, with 3072 MiB of memory instead of 1024 MiB, of which it ran out)',
    );
    await runner.report(succeeded(ctx, last.grant, {}));
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });

  it('gets no more than the operator allows, and uses a retry each time', async () => {
    ctx.config.maxTaskMemoryBytes = 1.5 * GIB;
    const job = await partitionedJob(ctx, 1, { config: { maxTaskRetries: 2 } });
    const runner = await TestRunner.register(ctx);
    const memories = [];
    for (let i = 0; i < 3; i += 1) {
      const given = await next(runner);
      memories.push(given.memory);
      await starve(runner, given.grant);
    }
    expect(memories).toEqual([1, 1.5, 1.5]);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'FAILED', failed: 1 });
    expect((await attemptsOf(job)).at(-1)?.error_message).toBe('out of memory, limit 1024 MiB');
  });

  it('keeps its memory over a failure, a lost runner and a lease that was given back', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    await starve(runner, (await next(runner)).grant);
    await runner.report(failed(ctx, (await next(runner)).grant));
    ctx.advance(1);
    await runner.report(failed(ctx, (await next(runner)).grant, 'WORKER_LOST'));
    ctx.advance(1);
    await runner.exchange({ released: [(await next(runner)).grant.lease] });
    const last = await next(runner);
    expect([last.memory, last.grant.ref.attempt]).toEqual([2, 4]);
  });

  it('waits for a runner that has so much free, while others of its job go on', async () => {
    const job = await partitionedJob(ctx, 3);
    const runner = await TestRunner.register(ctx);
    await starve(runner, (await next(runner, 1)).grant);
    const other = await next(runner, 1);
    expect(other.grant.ref.chunk).toBe(1);
    const both = await runner.exchange({ free: { cpus: 9, memoryBytes: 3 * GIB } });
    expect(both.grants.map(({ ref }) => [ref.chunk, ref.attempt])).toEqual([
      [0, 2],
      [2, 1],
    ]);
    const needs = both.grants.map(({ context }) => both.contexts[context]?.memoryBytes);
    expect(needs).toEqual([2 * GIB, GIB]);
    expect((await jobNow(ctx, job)).cursor).toBe(3);
  });

  it('is tried with less where the runner that has so much is gone', async () => {
    await partitionedJob(ctx, 1);
    const large = await TestRunner.register(ctx, { memoryBytes: 64 * GIB });
    await starve(large, (await next(large)).grant);
    ctx.advance(ctx.config.leaseMs + 1);
    const small = await TestRunner.register(ctx, { memoryBytes: 1.5 * GIB });
    expect((await next(small)).memory).toBe(1.5);
  });

  it('leaves its price what the component asks for', async () => {
    const app = await addComponent(ctx, 'app', { minMemory: 1 });
    const job = await partitionedJob(ctx, 1, { app });
    const runner = await TestRunner.register(ctx);
    await starve(runner, (await next(runner)).grant);
    const { grant } = await next(runner);
    const startedAt = ctx.now();
    ctx.advance(3_600_000);
    await runner.report(succeeded(ctx, grant, {}, { startedAt }));
    expect((await jobNow(ctx, job)).price).toBe(100_000_000);
  });
});

describe('a task whose runners are lost', () => {
  /** Takes one task and dies. */
  async function loseOne(): Promise<Grant> {
    const runner = await TestRunner.register(ctx);
    const [grant] = await runner.claim(1);
    if (grant === undefined) throw new Error('no task was granted');
    await runner.beat([grant.lease], [phaseOf(ctx, grant, 'RUNNING')]);
    await runner.reborn();
    ctx.advance(1);
    return grant;
  }

  it('is tried alone after the second one, on a runner that does and gets nothing else', async () => {
    const job = await partitionedJob(ctx, 6);
    expect([await loseOne(), await loseOne()].map(({ ref }) => ref.chunk)).toEqual([0, 0]);
    const alone = await TestRunner.register(ctx);
    expect((await alone.claim(9)).map(({ ref }) => [ref.chunk, ref.attempt])).toEqual([[0, 3]]);
    expect(await alone.claim(9)).toEqual([]);
    const { contexts, grants } = await (
      await TestRunner.register(ctx)
    ).exchange({
      free: { cpus: 2, memoryBytes: 100 * GIB },
    });
    expect(grants.map(({ ref }) => ref.chunk)).toEqual([1, 2]);
    expect(contexts.map((context) => context.alone)).toEqual([false]);
    expect(await summaryOf(job)).toContain('with a runner for itself after runners were lost');
    expect((await attemptsOf(job)).map((row) => row.error_message)).toEqual([
      expect.not.stringContaining('for itself'),
      expect.stringMatching(/ was lost; the next attempt has a runner for itself$/),
    ]);
  });

  it('has nothing beside it, also where its runner asks for tasks twice at once', async () => {
    await partitionedJob(ctx, 9);
    await loseOne();
    await loseOne();
    const runner = await TestRunner.register(ctx);
    const given = await Promise.all([runner.claim(2), runner.claim(2)]);
    expect(given.flat().map(({ ref }) => ref.chunk)).toEqual([0]);
  });

  it('waits for an empty runner: one is kept for it, though its job has other tasks', async () => {
    const job = await partitionedJob(ctx, 9);
    const busy = await TestRunner.register(ctx, { cpus: 4 });
    const held = await busy.claim(3);
    const lost = [await loseOne(), await loseOne()];
    expect(lost.map(({ ref }) => ref.chunk)).toEqual([3, 3]);
    expect((await busy.claim(1)).map(({ ref }) => ref.chunk)).toEqual([4]);
    expect(await summaryOf(job, 3)).toBe(
      'the task waits for a runner that has nothing else to do: 2 were lost with it',
    );
    ctx.advance(RESERVE_AFTER_MS);
    expect(await busy.claim(1)).toEqual([]);
    const leases = await ctx.store.db.selectFrom('lease').select(['id', 'chunk']).execute();
    const rest = leases.map(({ id }) => id).filter((id) => held.every(({ lease }) => lease !== id));
    await busy.report(...held.map((grant) => succeeded(ctx, grant, {})));
    expect(await busy.claim(1)).toEqual([]);
    await busy.exchange({ released: rest });
    expect((await busy.claim(4)).map(({ ref }) => [ref.chunk, ref.attempt])).toEqual([[3, 3]]);
  });

  it('is quarantined where the one that it has for itself is lost too', async () => {
    const job = await partitionedJob(ctx, 3, { config: { toleratedFailures: '1' } });
    for (let i = 0; i < 3; i += 1) expect((await loseOne()).ref.chunk).toBe(0);
    const rows = await attemptsOf(job);
    expect(rows.map(({ reason }) => reason)).toEqual(['WORKER_LOST', 'WORKER_LOST', 'QUARANTINED']);
    expect(rows[2]?.error_message).toMatch(/was lost while it ran nothing but this task/);
    const task = await findTask(ctx.store.db, job.no, { kind: 'APP', run: 0, chunk: 0 });
    expect(task).toMatchObject({ state: 'failed', retries: 0, losses: 2, reason: 'QUARANTINED' });
    await workOff(await TestRunner.register(ctx));
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', committed: 2, failed: 1 });
  });

  it('is quarantined as well where nobody hears of its runner any more', async () => {
    const job = await partitionedJob(ctx, 1);
    await loseOne();
    await loseOne();
    await (await TestRunner.register(ctx)).claimOne();
    for (let i = 0; i < 5; i += 1) {
      ctx.advance(ctx.config.leaseMs / 4);
      await reap();
    }
    expect((await attemptsOf(job)).at(-1)?.reason).toBe('QUARANTINED');
    expect((await jobNow(ctx, job)).state).toBe('FAILED');
  });

  it.each([
    ['was never told of it, because the reply was lost', 'ASSIGNED'],
    ['did not renew it in time', 'RUNNING'],
  ] as const)('is not where its runner lives and %s', async (_, phase) => {
    const job = await partitionedJob(ctx, 1);
    await loseOne();
    await loseOne();
    const runner = await TestRunner.register(ctx);
    const third = await runner.claimOne();
    await runner.exchange({ phases: [phaseOf(ctx, third, phase)] });
    for (let i = 0; i < 5; i += 1) {
      ctx.advance(ctx.config.leaseMs / 4);
      await runner.beat([]);
      await reap();
    }
    ctx.advance(1);
    expect((await attemptsOf(job)).map(({ reason }) => reason)).toEqual([
      'WORKER_LOST',
      'WORKER_LOST',
      'WORKER_LOST',
    ]);
    const again = await runner.claimOne();
    expect(again.ref.attempt).toBe(4);
    await runner.exchange({ released: [again.lease] });
    const { grants, contexts } = await runner.exchange({ free: { cpus: 1, memoryBytes: 9 * GIB } });
    expect(grants.map(({ context }) => contexts[context]?.alone)).toEqual([true]);
    await runner.report(...grants.map((grant) => succeeded(ctx, grant, {})));
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });

  it('starts anew with a run of its job anew', async () => {
    const job = await partitionedJob(ctx, 1);
    for (let i = 0; i < 3; i += 1) await loseOne();
    await retryJob(ctx, ctx.account, job.id, {});
    const runner = await TestRunner.register(ctx);
    const { contexts } = await runner.exchange({ free: { cpus: 1, memoryBytes: 9 * GIB } });
    expect(contexts.map(({ alone }) => alone)).toEqual([false]);
  });
});
