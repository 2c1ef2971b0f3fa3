import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOverdueJobs } from '../../scheduler/reap-leases.ts';
import { lockJob, updateJob } from '../../store/jobs.ts';
import { balanceOf } from '../../store/ledger.ts';
import type { JobRow } from '../../store/tables.ts';
import { insertAttempts } from '../../store/tasks.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, phaseOf, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { abortJob, deleteJob } from '../jobs/abort-job.ts';
import { enterState } from '../transitions/enter-state.ts';
import { viewBalance } from './balance.ts';
import { creditAccount } from './credit.ts';
import { listTransactions } from './list-transactions.ts';
import { payAtCommit } from './pay-for-job.ts';

const MINUTE = 60_000;
/** One minute at one CPU and one GiB, in 1e-8 ByteChips. */
const MINUTE_PRICE = 1_666_667;

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
// Also that the book sums to zero, and that every ended job is paid once for each run.
afterEach(() => checkAndDispose(ctx));

async function payments(): Promise<{ job: number | null; run: number | null; amount: number }[]> {
  const { transactions } = await listTransactions(ctx, ctx.account, {});
  return transactions.map(({ job, run, amount }) => ({ job, run, amount }));
}

/** A job whose one task has run for a minute. */
async function busyJob(config: object = {}): Promise<{ job: JobRow; runner: TestRunner }> {
  const job = await startJob(ctx, { config: { maxTaskRetries: 0, ...config } });
  await runSteps(ctx);
  const runner = await TestRunner.register(ctx);
  const grant = await runner.claimOne();
  await runner.exchange({ phases: [phaseOf(ctx, grant, 'RUNNING')] });
  ctx.advance(MINUTE);
  return { job, runner };
}

describe('a job that ends', () => {
  it('complete is paid once, at what its tasks cost', async () => {
    const job = await startJob(ctx);
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const start = ctx.now();
    ctx.advance(MINUTE);
    await runner.report(succeeded(ctx, grant, { a: 'x' }, { startedAt: start }));
    expect(await payments()).toEqual([]);
    await runSteps(ctx);
    const ended = await jobNow(ctx, job);
    expect(ended).toMatchObject({ state: 'COMPLETE', price: MINUTE_PRICE });
    expect(await payments()).toEqual([{ job: job.no, run: 1, amount: MINUTE_PRICE }]);
    expect(await balanceOf(ctx.store.db, ctx.account.id)).toBe(-MINUTE_PRICE);
  });

  it('aborted is paid for what had run', async () => {
    const { job } = await busyJob();
    await abortJob(ctx, ctx.account, job.id);
    expect(await payments()).toEqual([{ job: job.no, run: 1, amount: MINUTE_PRICE }]);
  });

  it('by its time limit is paid for what had run', async () => {
    const { job } = await busyJob({ jobTimeout: 1 });
    await endOverdueJobs(ctx);
    expect((await jobNow(ctx, job)).failure_reason).toBe('JOB_TIMEOUT');
    expect(await payments()).toEqual([{ job: job.no, run: 1, amount: MINUTE_PRICE }]);
  });

  it('is paid for attempts that end in the same message after the one that ended it', async () => {
    const job = await partitionedJob(ctx, 3, { config: { maxTaskRetries: 0 } });
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim();
    const startedAt = ctx.now();
    await runner.exchange({ phases: grants.map((grant) => phaseOf(ctx, grant, 'RUNNING')) });
    ctx.advance(MINUTE);
    await runner.report(
      ...grants.map((grant) => failed(ctx, grant, 'EXIT_NONZERO', { startedAt })),
    );
    const { price, state } = await jobNow(ctx, job);
    expect({ state, price }).toEqual({ state: 'FAILED', price: 3 * MINUTE_PRICE });
    expect(await payments()).toEqual([{ job: job.no, run: 1, amount: price }]);
  });

  it('costs nothing when it is a test job', async () => {
    const { job } = await busyJob({ isTestJob: true });
    await abortJob(ctx, ctx.account, job.id);
    expect(await payments()).toEqual([]);
  });

  it('again, after a retry, is paid the difference', async () => {
    const { job } = await busyJob();
    await abortJob(ctx, ctx.account, job.id);
    const ended = await jobNow(ctx, job);
    const now = ctx.now();
    const times = { started_at: now, ended_at: now + MINUTE, exit_code: null };
    const ofSecond = { job: job.no, kind: 'APP', run: 0, chunk: 0, attempt: 2 } as const;
    await ctx.store.transact(async (tx) => {
      const rest = { runner: 'r', reason: 'ABORTED', error_message: '' } as const;
      await insertAttempts(tx, [{ ...ofSecond, ...times, ...rest }]);
      await updateJob(tx, ended, { run: 2, price: ended.price + MINUTE_PRICE });
      payAtCommit(tx, job.no, ctx.now());
      payAtCommit(tx, job.no, ctx.now());
    });
    expect(await payments()).toEqual([
      { job: job.no, run: 2, amount: MINUTE_PRICE },
      { job: job.no, run: 1, amount: MINUTE_PRICE },
    ]);
  });

  it('in a transaction that is undone is not paid', async () => {
    const { job } = await busyJob();
    const undone = ctx.store.transact(async (tx) => {
      const current = await lockJob(tx, job.no);
      const priced = current && (await updateJob(tx, current, { price: 9 }));
      if (priced === undefined) throw new Error('someone else moved it');
      await enterState(tx, priced, 'FAILED', ctx.now(), { ended_at: ctx.now() });
      payAtCommit(tx, job.no, ctx.now());
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await payments()).toEqual([]);
  });

  it('and is deleted stays in the book by id, name and template', async () => {
    const { job } = await busyJob();
    await abortJob(ctx, ctx.account, job.id);
    await deleteJob(ctx, ctx.account, job.id);
    const { transactions } = await listTransactions(ctx, ctx.account, {});
    expect(transactions).toMatchObject([
      {
        entity_id: job.id,
        entity_name: job.name,
        description: expect.stringMatching(/^Job with /),
      },
    ]);
  });
});

describe('the balance', () => {
  it('that is available is the total without what running jobs cost so far', async () => {
    await creditAccount(ctx, ctx.account, ctx.account.id, { amount: 1 });
    const job = await partitionedJob(ctx, 2);
    const runner = await TestRunner.register(ctx);
    const [grant] = await runner.claim();
    if (grant === undefined) throw new Error('nothing was granted');
    const startedAt = ctx.now();
    ctx.advance(MINUTE);
    await runner.report(succeeded(ctx, grant, { a: 'x' }, { startedAt }));
    const { price } = await jobNow(ctx, job);
    expect(price).toBeGreaterThan(0);
    expect(await viewBalance(ctx, ctx.account)).toMatchObject({
      total: 1e8,
      available: 1e8 - price,
      due: 0,
    });
    await abortJob(ctx, ctx.account, job.id);
    const { price: final } = await jobNow(ctx, job);
    expect(await viewBalance(ctx, ctx.account)).toMatchObject({
      total: 1e8 - final,
      available: 1e8 - final,
    });
  });
});
