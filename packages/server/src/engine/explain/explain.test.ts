import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { taskIdMaker } from '../../domain/task-id.ts';
import type { JobRow } from '../../store/tables.ts';
import { newAccount } from '../../testing/accounts.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import {
  addComponent,
  draftJob,
  runSteps,
  startJob,
  type ComponentOptions,
} from '../../testing/jobs.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { changeUser } from '../auth/manage-users.ts';
import { abortJob } from '../jobs/abort-job.ts';
import { getJob } from '../jobs/list-jobs.ts';
import { retryJob } from '../jobs/retry-job.ts';
import { setDraining } from '../runners/manage-runners.ts';
import { explainJob } from './explain-job.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

const explain = async (job: JobRow, taskId?: string, user = ctx) =>
  explainJob(user, user.account, job.id, { taskId });
const codes = async (job: JobRow) => (await explain(job)).reasons.map(({ code }) => code);
const jobOf = async (chunks: number, needs: ComponentOptions = {}, user = ctx) =>
  partitionedJob(user, chunks, { app: await addComponent(user, 'app', needs) });
const taskOf = (job: JobRow, chunk: number) =>
  taskIdMaker(job.uuid)({ kind: 'APP', run: 0, chunk });

describe('a job', () => {
  it('that does not run yet, or any more, is told to be what it is', async () => {
    const draft = await draftJob(ctx);
    expect((await explain(draft)).summary).toBe('is a draft: nobody has run it yet');
    const job = await startJob(ctx);
    await abortJob(ctx, ctx.account, job.id);
    expect((await explain(job)).summary).toBe('has ended: aborted by user');
    await abortJob(ctx, ctx.account, draft.id);
  });

  it('is told its place among those of its owner, and who shares the runners, without a name', async () => {
    const other = { ...ctx, account: await newAccount(ctx) };
    await jobOf(70, {}, other);
    const first = await jobOf(30);
    const second = await jobOf(5);
    const runner = await TestRunner.register(ctx, { cpus: 4 });
    const grants = await runner.claim(4);
    ctx.advance(10_000);
    const { summary, place, eta, queue } = await explain(second);
    expect(place).toEqual({ position: 2, ownJobs: 1, ownTasks: 28 });
    expect(queue?.others).toEqual({ users: 1, tasks: 68, usersAhead: 0 });
    expect(summary).toBe(
      'is number 2 in the queue: comes after 28 tasks of 1 job of your own; 1 other user with 68 waiting tasks share the runners with you',
    );
    // 58 turns, each of 20 s, four at a time.
    expect(eta.seconds).toBe(290);
    expect(eta.basis).toContain('4 tasks run, on average for 10 s so far; 58 turns until its own');
    expect((await getJob(ctx, ctx.account, second.id)).waitingReason).toBe(summary);
    expect((await getJob(ctx, ctx.account, first.id)).waitingReason).toBe('');
    expect(JSON.stringify(await explain(second))).not.toContain(other.account.id);
    await runner.exchange({ released: grants.map(({ lease }) => lease) });
  });

  it('that waits behind nobody is told what is in use, and by how much', async () => {
    const first = await jobOf(2);
    const runner = await TestRunner.register(ctx, { cpus: 2 });
    await runner.claim(2);
    const next = await jobOf(1, { minCpu: 2 });
    const busy = (await explain(next)).reasons.find(({ code }) => code === 'RUNNERS_BUSY');
    expect(busy?.message).toContain('needs 2 CPUs and 1 GiB, 2 of the ');
    expect(busy?.details).toMatchObject({ cpus: '2', cpusInUse: '2' });
    expect(await codes(first)).toEqual(['RUNNING']);
  });

  it('that runs is told how many tasks run and wait, and when it is done at its pace', async () => {
    const job = await jobOf(10);
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim(4);
    ctx.advance(20_000);
    await runner.report(...grants.slice(0, 2).map((grant) => succeeded(ctx, grant, {})));
    const { reasons, eta } = await explain(job);
    expect(reasons[0]?.message).toBe('2 tasks of it run, 6 wait for a place');
    expect(eta.seconds).toBe(80);
    expect(eta.basis).toBe('until all chunks are done, at the pace so far: 2 of 10 chunks in 20 s');
  });

  it('with a stage that no runner could ever run is told so at once', async () => {
    await TestRunner.register(ctx, { cpus: 4 });
    const app = await addComponent(ctx, 'app', { gpu: ['A100'] });
    const assembler = await addComponent(ctx, 'assembler', { minCpu: 400 });
    const job = await startJob(ctx, { app, assembler });
    const { reasons, eta } = await explain(job);
    expect(reasons.map(({ code }) => code)).toEqual(['NO_FITTING_RUNNER', 'NO_FITTING_RUNNER']);
    expect(reasons[0]?.message).toMatch(/^app-\d+@1.0 needs a GPU \(A100\); no runner has one$/);
    expect(reasons[1]?.message).toMatch(
      /^assembler-\d+@1.0 needs 400 CPUs and 1 GiB; the largest runner has 4 CPUs/,
    );
    expect(eta.seconds).toBeNull();
  });

  it('that needs a GPU is told what there is, and that those with one are drained', async () => {
    await TestRunner.register(ctx, { gpus: ['Tesla T4'] });
    const app = await addComponent(ctx, 'app', { gpu: ['A100', 'H100'] });
    const job = await startJob(ctx, { app });
    const problem = async () => (await explain(job)).reasons[0]?.message;
    expect(await problem()).toMatch(/A100 or H100\); no runner has one \(there are Tesla T4\)$/);
    const fitting = await TestRunner.register(ctx, { gpus: ['NVIDIA A100-SXM4-40GB'] });
    expect(await problem()).not.toContain('GPU');
    await setDraining(ctx, fitting.id, { draining: true, reason: '' });
    expect(await problem()).toMatch(/; the only runners with one are drained$/);
  });

  it('is told when all runners are drained', async () => {
    const job = await jobOf(1);
    const runner = await TestRunner.register(ctx);
    for (const { id } of ctx.runners.own()) {
      await setDraining(ctx, id, { draining: true, reason: '' });
    }
    expect((await explain(job)).reasons[0]).toMatchObject({
      code: 'NO_RUNNER',
      message: expect.stringMatching(
        /^no runner takes tasks: \d+ runners? connected, all drained$/,
      ),
    });
    await setDraining(ctx, runner.id, { draining: false, reason: '' });
    expect(await codes(job)).not.toContain('NO_RUNNER');
  });

  it('without any runner, or with none that is not silent, is told that', async () => {
    const job = await jobOf(1);
    ctx.advance(ctx.config.leaseMs + 1);
    expect(await codes(job)).toEqual(['NO_RUNNER']);
    expect((await getJob(ctx, ctx.account, job.id)).waitingReason).toMatch(
      /^no runner is connected/,
    );
  });

  it('whose owner has all that the operator allows is told the numbers', async () => {
    const job = await jobOf(9, { minCpu: 2 });
    const other = await jobOf(1, { minCpu: 2 });
    const runner = await TestRunner.register(ctx);
    await changeUser(ctx, ctx.account, ctx.account.id, { limits: { runningTasks: 1 } });
    const grants = await runner.claim(9);
    expect(grants).toHaveLength(1);
    expect((await explain(other)).summary).toBe('you may have 1 running task, and 1 run');
    await changeUser(ctx, ctx.account, ctx.account.id, { limits: { runningTasks: 0, cpus: 3 } });
    expect((await explain(other)).summary).toMatch(
      /^you may use 3 CPUs at a time, 2 are in use, and app-\d+@1.0 needs 2$/,
    );
    await changeUser(ctx, ctx.account, ctx.account.id, { limits: { cpus: 1 } });
    expect((await explain(other)).summary).toContain('it can never run unless the operator');
    expect(await codes(job)).toContain('USER_LIMIT');
  });

  it('that waits before a retry is told until when', async () => {
    const job = await jobOf(1);
    const runner = await TestRunner.register(ctx);
    await runner.report(failed(ctx, await runner.claimOne()));
    const ready = await ctx.store.db.selectFrom('ready').selectAll().executeTakeFirstOrThrow();
    const seconds = Math.max(1, Math.ceil((ready.ready_at - ctx.now()) / 1000));
    const { reasons, eta } = await explain(job);
    expect(reasons).toMatchObject([
      { code: 'BACKOFF', message: `waits ${seconds} s before the next retry` },
    ]);
    expect(eta).toEqual({ seconds, basis: 'until it is tried again' });
    expect((await explain(job, taskOf(job, 0))).summary).toMatch(
      /^the task waits \d+ s before attempt 2$/,
    );
  });
});

describe('a task', () => {
  it('that was left open by an earlier run is told to be aborted', async () => {
    const partitioner = await addComponent(ctx, 'partitioner');
    const job = await startJob(ctx, { partitioner });
    await runSteps(ctx);
    await abortJob(ctx, ctx.account, job.id);
    await retryJob(ctx, ctx.account, job.id, {});
    const task = taskIdMaker(job.uuid)({ kind: 'PARTITIONER', run: 1, chunk: 0 });
    expect((await explain(job, task)).summary).toBe(
      'the task was aborted: it belongs to run 1 of the job',
    );
  });

  it('is told where it runs, that it is done, or what comes before it', async () => {
    const job = await jobOf(10);
    const runner = await TestRunner.register(ctx);
    const [first] = await runner.claim(2);
    if (!first) throw new Error('a task is wanted');
    await runner.report(succeeded(ctx, first, {}));
    const summaryOf = async (chunk: number) => (await explain(job, taskOf(job, chunk))).summary;
    expect(await summaryOf(0)).toBe('the task is done');
    expect(await summaryOf(1)).toBe(`the task is on ${runner.id} for 1 s (attempt 1)`);
    expect(await summaryOf(5)).toBe('3 chunks of the same job come before the task');
    await expect(explain(job, taskOf(job, 99))).rejects.toThrow('task not found');
  });
});
