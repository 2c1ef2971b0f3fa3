import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobRow } from '../../store/tables.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { leaseOf } from '../../testing/rows.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { insertLeases } from '../../store/leases.ts';
import { endedAttempts } from '../../store/tasks.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

async function runningJob(): Promise<JobRow> {
  const job = await startJob(ctx);
  await runSteps(ctx);
  return jobNow(ctx, job);
}

/** All rows that reports can change. */
async function everything(): Promise<unknown> {
  const tables = ['job', 'task', 'attempt', 'lease', 'ready', 'step', 'event'] as const;
  const rows = [];
  for (const table of tables) rows.push(await ctx.store.db.selectFrom(table).selectAll().execute());
  return rows;
}

describe('a repeated report', () => {
  it('of a result gets the same verdict, and changes nothing', async () => {
    await runningJob();
    const runner = await TestRunner.register(ctx);
    const report = succeeded(ctx, await runner.claimOne(), { a: 'x' });
    expect(await runner.report(report)).toEqual(['committed']);
    const before = await everything();
    for (let i = 0; i < 3; i++) expect(await runner.report(report)).toEqual(['committed']);
    expect(await everything()).toEqual(before);
  });

  it('of a failure gets the same verdict, and uses no second retry', async () => {
    await runningJob();
    const runner = await TestRunner.register(ctx);
    const report = failed(ctx, await runner.claimOne());
    expect(await runner.report(report)).toEqual(['ended']);
    const before = await everything();
    expect(await runner.report(report)).toEqual(['ended']);
    expect(await everything()).toEqual(before);
  });

  it('within one message counts once', async () => {
    const job = await partitionedJob(ctx, 2);
    const runner = await TestRunner.register(ctx);
    const [good, bad] = await runner.claim(2);
    if (!good || !bad) throw new Error('two tasks are wanted');
    ctx.advance(1000);
    const result = succeeded(ctx, good, { a: 'x' }, { startedAt: ctx.now() - 500 });
    const failure = failed(ctx, bad);
    const verdicts = await runner.report(result, failure, result, failure);
    expect(verdicts).toEqual(['committed', 'ended', 'committed', 'ended']);
    expect((await jobNow(ctx, job)).committed).toBe(1);
  });

  it('is answered after a restart of the server too', async () => {
    await runningJob();
    const runner = await TestRunner.register(ctx);
    const report = succeeded(ctx, await runner.claimOne(), { a: 'x' });
    await runner.report(report);
    ctx = await ctx.restart();
    const again = runner.at(ctx);
    await again.register();
    expect(await again.report(report)).toEqual(['committed']);
  });
});

describe('a report without a lease', () => {
  it('of a runner that lost it cannot complete the task that another has', async () => {
    const job = await runningJob();
    const slow = await TestRunner.register(ctx);
    const lost = await slow.claimOne();
    const heir = await slow.reborn();
    ctx.advance(60_000);
    const grant = await heir.claimOne();
    const late = succeeded(ctx, lost, { a: 'late' });
    const before = await everything();
    expect(await heir.report(late)).toEqual(['ended']);
    expect(await everything()).toEqual(before);
    expect(await heir.report(succeeded(ctx, grant, { a: 'won' }))).toEqual(['committed']);
    expect(await heir.report(late)).toEqual(['superseded']);
    expect((await jobNow(ctx, job)).committed).toBe(1);
  });

  it('of a runner that names another’s lease has no effect', async () => {
    await runningJob();
    const owner = await TestRunner.register(ctx);
    const thief = await TestRunner.register(ctx);
    const grant = await owner.claimOne();
    const before = await everything();
    expect(await thief.report(succeeded(ctx, grant, {}))).toEqual(['ended']);
    expect(await thief.report(failed(ctx, grant))).toEqual(['ended']);
    await thief.exchange({ released: [grant.lease] });
    expect(await thief.beat([grant.lease])).toEqual([grant.lease]);
    expect(await everything()).toEqual(before);
    expect(await owner.report(succeeded(ctx, grant, {}))).toEqual(['committed']);
  });

  it('of a job that is gone gets the verdict that it has ended', async () => {
    const runner = await TestRunner.register(ctx);
    const ref = { job: 999, kind: 'APP', run: 0, chunk: 0, attempt: 1 } as const;
    const input = { streamBytes: 0 };
    const task = { taskId: '', context: 0, chunkName: '', queueSeconds: 0, notes: [] };
    const grant = { lease: 'unknown', ref, input, ...task };
    expect(await runner.report(failed(ctx, grant), succeeded(ctx, grant, {}))).toEqual([
      'ended',
      'ended',
    ]);
    await ctx.blobs.deletePrefix('job/999');
  });
});

describe('a result', () => {
  it('that is not what its digest says is not committed', async () => {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    const report = succeeded(ctx, await runner.claimOne(), { a: 'x' });
    report.bytes = Buffer.from(report.bytes);
    report.bytes[0] = 0;
    expect(await runner.report(report)).toEqual(['ended']);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', committed: 0 });
  });

  it('that was stored below another job is not committed', async () => {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    const report = succeeded(ctx, await runner.claimOne(), {});
    const stored = { key: 'job/7/data/results/x', size: 8, sha256: '' };
    report.report.outcome = { ok: true, result: { stored } };
    expect(await runner.report(report)).toEqual(['ended']);
    expect((await jobNow(ctx, job)).committed).toBe(0);
  });

  it('that is said to be stored and is not, or in another size, is not committed', async () => {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    const there = `job/${job.no}/data/results/there`;
    await ctx.blobs.put(there, [Buffer.from('12345678')]);
    for (const [key, size] of [[`${there}-not`, 8] as const, [there, 7] as const]) {
      ctx.advance(ctx.config.backoff.capMs);
      const report = succeeded(ctx, await runner.claimOne(), {});
      report.report.outcome = { ok: true, result: { stored: { key, size, sha256: '' } } };
      expect(await runner.report(report)).toEqual(['ended']);
      expect((await jobNow(ctx, job)).committed).toBe(0);
    }
    await ctx.blobs.deletePrefix(there);
  });
});

describe('a task with two attempts at once', () => {
  async function twoAttempts() {
    const job = await runningJob();
    const runner = await TestRunner.register(ctx);
    const first = await runner.claimOne();
    const patch = { runner: runner.id, incarnation: runner.incarnation, attempt: 2 };
    const lease = leaseOf(job.no, 0, { ...patch, assigned_at: ctx.now() });
    await ctx.store.transact((tx) => insertLeases(tx, [lease]));
    const second = { ...first, lease: lease.id, ref: { ...first.ref, attempt: 2 } };
    return { job, runner, first, second };
  }
  const attemptsOf = async (job: JobRow) =>
    (await endedAttempts(ctx.store.db, job.no, [{ kind: 'APP', run: 0, chunk: 0 }])).map(
      (row) => `${row.attempt} ${row.reason}`,
    );

  it('takes the first result; the other attempt is superseded, killed and costs nothing', async () => {
    const { job, runner, first, second } = await twoAttempts();
    expect(await runner.report(succeeded(ctx, first, { a: '1' }))).toEqual(['committed']);
    expect(await runner.beat([second.lease])).toEqual([second.lease]);
    expect(await runner.report(succeeded(ctx, second, { a: '2' }))).toEqual(['superseded']);
    expect(await attemptsOf(job)).toEqual(['2 SUPERSEDED']);
    expect((await jobNow(ctx, job)).committed).toBe(1);
  });

  it('takes one result where both come in one message', async () => {
    const { job, runner, first, second } = await twoAttempts();
    ctx.advance(3_600_000);
    const times = { startedAt: ctx.now() - 1_800_000 };
    const verdicts = await runner.report(
      succeeded(ctx, first, { a: '1' }, times),
      succeeded(ctx, second, { a: '2' }, times),
    );
    expect(verdicts).toEqual(['committed', 'superseded']);
    expect(await jobNow(ctx, job)).toMatchObject({ committed: 1, price: 50_000_000 });
    expect(await attemptsOf(job)).toEqual(['2 SUPERSEDED']);
  });

  it('uses no retry while the other still runs', async () => {
    const { job, runner, first, second } = await twoAttempts();
    await runner.report(failed(ctx, first));
    expect(await ctx.store.db.selectFrom('ready').selectAll().execute()).toEqual([]);
    expect(await runner.report(succeeded(ctx, second, {}))).toEqual(['committed']);
    expect(await attemptsOf(job)).toEqual(['1 EXIT_NONZERO']);
  });

  it('waits once for a retry where both fail, whatever the order', async () => {
    const { job, runner, first, second } = await twoAttempts();
    await runner.report(failed(ctx, second), failed(ctx, first));
    const waiting = await ctx.store.db.selectFrom('ready').selectAll().execute();
    expect(waiting).toMatchObject([{ attempt: 3 }]);
    const task = await ctx.store.db.selectFrom('task').selectAll().executeTakeFirstOrThrow();
    expect(task).toMatchObject({ attempts: 2, retries: 1 });
    expect(await attemptsOf(job)).toEqual(['1 EXIT_NONZERO', '2 EXIT_NONZERO']);
  });
});

describe('reports of several jobs in one message', () => {
  it('are each settled for their own job', async () => {
    const jobs = [await partitionedJob(ctx, 2), await partitionedJob(ctx, 2)];
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim(4);
    const verdicts = await runner.report(
      ...grants.map((grant) =>
        grant.ref.chunk === 0 ? succeeded(ctx, grant, { a: '' }) : failed(ctx, grant),
      ),
    );
    expect(verdicts.toSorted()).toEqual(['committed', 'committed', 'ended', 'ended']);
    for (const job of jobs) expect((await jobNow(ctx, job)).committed).toBe(1);
  });
});

it('a job that needs an assembler with its last chunk and a new job are served in one exchange', async () => {
  const assembler = await addComponent(ctx, 'assembler');
  const job = await partitionedJob(ctx, 1, { assembler });
  const runner = await TestRunner.register(ctx);
  const grant = await runner.claimOne();
  const next = await partitionedJob(ctx, 1);
  const reply = await runner.exchange({
    ended: [succeeded(ctx, grant, {})],
    free: { cpus: 2, memoryBytes: 2 ** 40 },
  });
  expect(reply.grants.map(({ ref }) => ref.job)).toEqual([next.no]);
  expect((await jobNow(ctx, job)).state).toBe('TASKS_COMPLETED');
});
