import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addHeld } from '../../domain/fair-share.ts';
import { updateJob } from '../../store/jobs.ts';
import { insertTasks } from '../../store/tasks.ts';
import { taskOf } from '../../testing/rows.ts';
import { readUsage } from '../../store/queue.ts';
import type { JobRow } from '../../store/tables.ts';
import { newAccount } from '../../testing/accounts.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import {
  addComponent,
  draftJob,
  jobNow,
  runSteps,
  startJob,
  type ComponentOptions,
} from '../../testing/jobs.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { succeeded, TestRunner } from '../../testing/test-runner.ts';
import { changeUser } from '../auth/manage-users.ts';
import { updateConfig } from '../jobs/edit-job.ts';
import { runJob } from '../jobs/run-job.ts';
import { countUsage } from './count-usage.ts';
import { RESERVE_AFTER_MS } from './reservations.ts';

const GIB = 1024 ** 3;

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

async function asNewUser(): Promise<TestContext> {
  return { ...ctx, account: await newAccount(ctx) };
}

async function jobOf(user: TestContext, chunks: number, needs: ComponentOptions = {}) {
  return partitionedJob(user, chunks, { app: await addComponent(user, 'app', needs) });
}

async function jobsGiven(runner: TestRunner, cpus: number, idle = false): Promise<number[]> {
  const free = { cpus, memoryBytes: 1000 * GIB };
  return (await runner.exchange({ free, idle })).grants.map(({ ref }) => ref.job);
}

function count(given: readonly number[], job: JobRow): number {
  return given.filter((no) => no === job.no).length;
}

/** Chunks that all are the job's first one. */
async function addWaiting(job: JobRow, chunks: number): Promise<void> {
  const first = await taskOf(ctx.store, job.no, 0);
  const tasks = Array.from({ length: chunks - 1 }, (_, i) => ({
    chunk: i + 1,
    name: `data_${i + 1}.bin`,
    key: first.source_key ?? '',
    offset: first.source_offset,
    length: first.source_length,
  }));
  const added = { job: job.no, kind: 'APP', run: 0, createdAt: ctx.now(), tasks } as const;
  await ctx.store.transact(async (tx) => {
    await insertTasks(tx, ctx.store.dialect, added);
    await updateJob(tx, job, { num_chunks: chunks });
  });
}

describe('two users', () => {
  it('share a free runner evenly, whoever came first', async () => {
    const [a, b] = [ctx, await asNewUser()];
    const first = await jobOf(a, 20);
    const second = await jobOf(b, 20);
    const runner = await TestRunner.register(ctx);
    const given = await jobsGiven(runner, 10);
    expect([count(given, first), count(given, second)]).toEqual([5, 5]);
  });

  it('take turns: who has the machine gives each slot that is free to who waits', async () => {
    const large = await jobOf(ctx, 200);
    const runner = await TestRunner.register(ctx, { cpus: 4 });
    const running = await runner.claim(4);
    const small = await jobOf(await asNewUser(), 10);
    const order: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      ctx.advance(1000);
      await countUsage(ctx);
      const ended = running.shift();
      if (ended === undefined) throw new Error('a task is wanted');
      await runner.report(succeeded(ctx, ended, {}));
      const next = await runner.claimOne();
      running.push(next);
      order.push(next.ref.job);
    }
    expect(order.slice(0, 2)).toEqual([small.no, small.no]);
    expect(count(order, small)).toBeGreaterThanOrEqual(4);
    expect(count(order, large)).toBeGreaterThanOrEqual(2);
  });

  it('wait two task lengths at most, whatever the other has waiting', async () => {
    const large = await jobOf(ctx, 1);
    const runner = await TestRunner.register(ctx, { cpus: 4 });
    await addWaiting(large, 100_000);
    let running = await runner.claim(4);
    const small = await jobOf(await asNewUser(), 10);
    const startedIn: number[] = [];
    // All tasks of a round end together: a round is a task's length.
    for (let round = 1; round <= 4; round += 1) {
      ctx.advance(60_000);
      await countUsage(ctx);
      await runner.report(...running.map((grant) => succeeded(ctx, grant, {})));
      running = await runner.claim(4);
      for (const { ref } of running) if (ref.job === small.no) startedIn.push(round);
    }
    expect(startedIn[0]).toBe(1);
    expect(startedIn.length).toBeGreaterThanOrEqual(8);
    expect((await jobNow(ctx, large)).num_chunks).toBe(100_000);
  });

  it('are told apart by what they had of late where they hold the same', async () => {
    const [a, b] = [ctx, await asNewUser()];
    const first = await jobOf(a, 20);
    const runner = await TestRunner.register(ctx);
    const held = await runner.claim(2);
    for (let i = 0; i < 30; i += 1) {
      ctx.advance(10_000);
      await countUsage(ctx);
    }
    await runner.report(...held.map((grant) => succeeded(ctx, grant, {})));
    const used = (await readUsage(ctx.store.db)).get(a.account.id)?.amount ?? 0;
    // The first look counts the second before it, every other one the ten.
    const wanted = addHeld({ amount: 0, at: 0 }, 2, 291_000, ctx.config.fairHalfLifeMs).amount;
    expect(used / wanted).toBeCloseTo(1, 6);
    const second = await jobOf(b, 20);
    expect(await jobsGiven(runner, 1)).toEqual([second.no]);
    expect((await jobNow(ctx, first)).committed).toBe(2);
  });
});

describe('a user’s jobs', () => {
  it('have their turn by priority before age, also by one that was changed while they ran', async () => {
    const old = await jobOf(ctx, 9);
    const young = await jobOf(ctx, 9);
    const runner = await TestRunner.register(ctx);
    expect(await jobsGiven(runner, 1)).toEqual([old.no]);
    await updateConfig(ctx, ctx.account, young.id, { priority: 'FAST' });
    expect(await jobsGiven(runner, 1)).toEqual([young.no]);
    await updateConfig(ctx, ctx.account, young.id, { priority: 'CHEAP' });
    expect(await jobsGiven(runner, 1)).toEqual([old.no]);
  });

  it('keep the priority that was asked for where somebody says that he asks for none', async () => {
    const job = await jobOf(ctx, 1);
    const change = (priority: 'FAST' | 'UNDEFINED', id = job.id) =>
      updateConfig(ctx, ctx.account, id, { priority });
    await change('FAST');
    await change('UNDEFINED');
    expect((await jobNow(ctx, job)).priority).toBe('FAST');
    const draft = await draftJob(ctx);
    await change('FAST', draft.id);
    await updateConfig(ctx, ctx.account, draft.id, { priority: 'UNDEFINED', taskTimeout: 5 });
    await runJob(ctx, ctx.account, draft.id, { priority: 'UNDEFINED' });
    expect((await jobNow(ctx, draft)).priority).toBe('FAST');
  });

  it('keep anything but the priority once they run, and that once they have ended', async () => {
    const job = await jobOf(ctx, 1);
    const change = (config: Parameters<typeof updateConfig>[3]) =>
      updateConfig(ctx, ctx.account, job.id, config);
    await expect(change({ priority: 'FAST', taskTimeout: 1 })).rejects.toThrow(
      'job has already been started',
    );
    expect((await jobNow(ctx, job)).priority).toBe('UNDEFINED');
    await ctx.store.db
      .updateTable('job')
      .set({ state: 'COMPLETE' })
      .where('no', '=', job.no)
      .execute();
    await expect(change({ priority: 'FAST' })).rejects.toThrow('job has already ended');
    await ctx.store.db
      .updateTable('job')
      .set({ state: 'PARTITIONED' })
      .where('no', '=', job.no)
      .execute();
  });
});

describe('limits', () => {
  it('of running tasks and CPUs hold over all runners, and leave the rest to others', async () => {
    const other = await asNewUser();
    await changeUser(ctx, ctx.account, other.account.id, { limits: { cpus: 5 } });
    const limited = await jobOf(other, 20, { minCpu: 2 });
    const mine = await jobOf(ctx, 20);
    const runners = [await TestRunner.register(ctx), await TestRunner.register(ctx)];
    const given = (await Promise.all(runners.map((runner) => jobsGiven(runner, 12)))).flat();
    expect(count(given, limited)).toBe(2);
    expect(count(given, mine)).toBe(20);
    await changeUser(ctx, ctx.account, other.account.id, { limits: { cpus: 0, runningTasks: 3 } });
    const [runner] = runners;
    if (!runner) throw new Error('a runner is wanted');
    expect(await jobsGiven(runner, 50)).toEqual([limited.no]);
    await changeUser(ctx, ctx.account, other.account.id, { defaultLimits: true });
    expect(await jobsGiven(runner, 50)).toHaveLength(17);
  });

  it('hold however many claim at once', async () => {
    await changeUser(ctx, ctx.account, ctx.account.id, { limits: { runningTasks: 5 } });
    await jobOf(ctx, 100);
    const runners: TestRunner[] = [];
    for (let i = 0; i < 8; i += 1) runners.push(await TestRunner.register(ctx));
    const given = await Promise.all(runners.map((runner) => jobsGiven(runner, 3)));
    expect(given.flat()).toHaveLength(5);
  });

  it('of CPUs let no job that does not fit them hide a smaller one behind it', async () => {
    // So many that of each only eight jobs are looked at.
    for (let i = 0; i < 7; i += 1) await startJob(await asNewUser());
    const large = await addComponent(ctx, 'app', { minCpu: 2 });
    for (let i = 0; i < 9; i += 1) await startJob(ctx, { app: large });
    const small = await startJob(ctx);
    await runSteps(ctx);
    await changeUser(ctx, ctx.account, ctx.account.id, { limits: { cpus: 1 } });
    const given = await jobsGiven(await TestRunner.register(ctx), 100);
    expect(given).toHaveLength(8);
    expect(given).toContain(small.no);
  });

  it('of queued tasks refuse to start another job, and say why and when', async () => {
    await changeUser(ctx, ctx.account, ctx.account.id, { limits: { queuedTasks: 3 } });
    const job = await jobOf(ctx, 4);
    await expect(jobOf(ctx, 1)).rejects.toMatchObject({
      kind: 'RESOURCE_EXHAUSTED',
      message: expect.stringMatching(/have 4 unfinished tasks and may have 3/) as string,
    });
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim(2);
    await runner.report(...grants.map((grant) => succeeded(ctx, grant, {})));
    await jobOf(ctx, 1);
    expect((await jobNow(ctx, job)).committed).toBe(2);
  });
});

describe('a task that needs more than is ever free at once', () => {
  it('gets one runner for itself after a while, and the other goes on', async () => {
    const large = await jobOf(await asNewUser(), 1, { minCpu: 4 });
    const small = await jobOf(ctx, 100);
    const busy = await TestRunner.register(ctx, { cpus: 4 });
    const other = await TestRunner.register(ctx, { cpus: 4 });
    // Both run something small, so that the large one fits neither.
    expect(await jobsGiven(busy, 3)).toEqual([small.no, small.no, small.no]);
    expect(await jobsGiven(other, 3)).toEqual([small.no, small.no, small.no]);
    ctx.advance(RESERVE_AFTER_MS);
    expect(await jobsGiven(busy, 3)).toEqual([]);
    expect(await jobsGiven(other, 3)).toEqual([small.no, small.no, small.no]);
    ctx.advance(1000);
    expect(await jobsGiven(busy, 2)).toEqual([]);
    expect(await jobsGiven(busy, 4, true)).toEqual([large.no]);
    expect(await jobsGiven(busy, 2)).toEqual([small.no, small.no]);
  });

  it('gets another runner where the one that is kept falls silent', async () => {
    const large = await jobOf(ctx, 1, { minCpu: 4 });
    const busy = await TestRunner.register(ctx, { cpus: 4 });
    const other = await TestRunner.register(ctx, { cpus: 4 });
    expect(await jobsGiven(busy, 3)).toEqual([]);
    ctx.advance(RESERVE_AFTER_MS);
    expect(await jobsGiven(busy, 3)).toEqual([]);
    ctx.advance(ctx.config.leaseMs + 1);
    expect(await jobsGiven(other, 3)).toEqual([]);
    expect(await jobsGiven(other, 4)).toEqual([large.no]);
  });
});
