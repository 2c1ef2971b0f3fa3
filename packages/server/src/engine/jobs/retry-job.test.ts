import type { Grant } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertRevision } from '../../store/components.ts';
import { readJobDoc } from '../../store/jobs.ts';
import type { JobRow } from '../../store/tables.ts';
import { endedAttempts, findTask, insertTasks } from '../../store/tasks.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { assertInvariants, checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, draftJob, jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { readInput } from '../../testing/read-input.ts';
import { addAccount } from '../../testing/rows.ts';
import { partitionedJob, workOff } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { abortJob } from './abort-job.ts';
import { findResultFile, getResults } from './results.ts';
import { retryJob } from './retry-job.ts';

const MINUTE = 60_000;
const ONCE = { maxTaskRetries: 0 };

let ctx: TestContext;
let runner: TestRunner;
beforeEach(async () => {
  ctx = await createTestContext();
  runner = await TestRunner.register(ctx);
});
afterEach(() => checkAndDispose(ctx));

/** Commits the first so many chunks, fails the next one for good. */
async function failAfter(committed: number): Promise<void> {
  const grants = await claim(committed + 1);
  const bad = grants.pop();
  if (bad === undefined) throw new Error('no task was granted');
  await runner.report(...grants.map((grant) => succeeded(ctx, grant, filesOf(grant))));
  await runner.report(failed(ctx, bad));
  await runSteps(ctx);
  await assertInvariants(ctx);
}

function filesOf({ ref }: Grant) {
  return { [`${ref.chunk}.txt`]: `attempt ${ref.attempt}` };
}

async function claim(count: number): Promise<Grant[]> {
  const grants = await runner.claim(count);
  return grants.toSorted((a, b) => a.ref.chunk - b.ref.chunk);
}

const retry = (job: JobRow, input: Parameters<typeof retryJob>[3] = {}) =>
  retryJob(ctx, ctx.account, job.id, input);

/** Chunk and attempt of each task that is run. */
async function finish(): Promise<string[]> {
  const seen: string[] = [];
  await workOff(runner, (grant) => {
    seen.push(`${grant.ref.kind} ${grant.ref.run}/${grant.ref.chunk} ${grant.ref.attempt}`);
    return filesOf(grant);
  });
  return seen.toSorted();
}

async function outputsOf(job: JobRow, run = job.run): Promise<Record<string, string>> {
  const { names } = await getResults(ctx, ctx.account, job.id);
  const outputs: Record<string, string> = {};
  for (const name of names) {
    const { key, offset, length } = await findResultFile(ctx, job.no, run, name);
    outputs[name] = (await ctx.blobs.read(key, { offset, length })).toString();
  }
  return outputs;
}

describe('a job that failed', () => {
  it('keeps its results, runs every other chunk with new retries, and delivers all', async () => {
    const job = await partitionedJob(ctx, 5, { config: ONCE });
    const held = await (await TestRunner.register(ctx)).claim(1);
    expect(held).toHaveLength(1);
    await failAfter(2);
    const before = await jobNow(ctx, job);
    expect(before).toMatchObject({ state: 'FAILED', committed: 2, failed: 1, cursor: 4 });
    ctx.advance(MINUTE);
    await retry(job);
    expect(await jobNow(ctx, job)).toMatchObject({
      state: 'PARTITIONED',
      run: 2,
      submitted_at: (before.ended_at ?? 0) + MINUTE,
      started_at: before.started_at,
      ended_at: null,
      failure_reason: 'NONE',
      error_message: '',
      committed: 2,
      failed: 0,
      price: before.price,
    });
    await assertInvariants(ctx);
    expect(await finish()).toEqual(['APP 0/0 2', 'APP 0/3 2', 'APP 0/4 1']);
    const after = await jobNow(ctx, job);
    expect(after).toMatchObject({ state: 'COMPLETE', committed: 5, failed: 0 });
    expect(await outputsOf(after)).toEqual({
      '0.txt': 'attempt 2',
      '1.txt': 'attempt 1',
      '2.txt': 'attempt 1',
      '3.txt': 'attempt 2',
      '4.txt': 'attempt 1',
    });
  });

  it('may fail again, and be run again, as often as it takes', async () => {
    const job = await partitionedJob(ctx, 2, { config: ONCE });
    await failAfter(1);
    for (const run of [2, 3]) {
      await retry(job);
      const [grant] = await claim(1);
      if (grant === undefined) throw new Error('no task was granted');
      expect(grant.ref).toMatchObject({ chunk: 1, attempt: run });
      await runner.report(failed(ctx, grant));
      expect(await jobNow(ctx, job)).toMatchObject({ state: 'FAILED', run, failed: 1 });
    }
    await retry(job);
    expect(await finish()).toEqual(['APP 0/1 4']);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', run: 4, committed: 2 });
  });

  it('in its assembler runs the assembler alone', async () => {
    const assembler = await addComponent(ctx, 'assembler');
    const job = await partitionedJob(ctx, 2, { assembler, config: ONCE });
    const grants = await claim(2);
    await runner.report(...grants.map((grant) => succeeded(ctx, grant, filesOf(grant))));
    await runSteps(ctx);
    await runner.report(failed(ctx, await runner.claimOne()));
    expect((await jobNow(ctx, job)).failure_reason).toBe('ASSEMBLER_FAILED');
    await retry(job);
    expect((await jobNow(ctx, job)).state).toBe('TASKS_COMPLETED');
    await runSteps(ctx);
    const merge = await runner.claimOne();
    expect(merge.ref).toMatchObject({ kind: 'ASSEMBLER', run: 2, attempt: 1 });
    expect(Object.keys(await readInput(ctx, merge.lease))).toContain('results/1.txt');
    await runner.report(succeeded(ctx, merge, { all: 'x' }));
    await runSteps(ctx);
    expect(await outputsOf(await jobNow(ctx, job))).toEqual({ all: 'x' });
  });

  it('before it had chunks starts over, and what was recorded of them is dropped', async () => {
    const partitioner = await addComponent(ctx, 'partitioner');
    const job = await startJob(ctx, { partitioner });
    await runSteps(ctx);
    await runner.report(succeeded(ctx, await runner.claimOne(), { a: '', b: '', c: '' }));
    // A part of the chunks, as a step that is cut off leaves them.
    const tasks = [0, 1].map((chunk) => ({ chunk, name: 'old', key: 'k', offset: 0, length: 0 }));
    const place = { job: job.no, kind: 'APP', run: 0 } as const;
    await ctx.store.transact((tx) =>
      insertTasks(tx, ctx.store.dialect, { ...place, createdAt: ctx.now(), tasks }),
    );
    await abortJob(ctx, ctx.account, job.id);
    await retry(job);
    expect(await jobNow(ctx, job)).toMatchObject({
      state: 'STARTED',
      run: 2,
      started_at: null,
      num_chunks: 0,
    });
    await runSteps(ctx);
    const cut = await runner.claimOne();
    expect(cut.ref).toMatchObject({ kind: 'PARTITIONER', run: 2 });
    await runner.report(succeeded(ctx, cut, { only: '' }));
    await runSteps(ctx);
    expect(await finish()).toEqual(['APP 0/0 1']);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', num_chunks: 1 });
  });

  it('takes the config that comes with the retry, and its timeout begins anew', async () => {
    const config = { ...ONCE, jobTimeout: 60 };
    const job = await partitionedJob(ctx, 2, { config });
    await failAfter(0);
    ctx.advance(MINUTE);
    await retry(job, { config: { maxTaskRetries: 1, jobTimeout: 90 } });
    expect((await jobNow(ctx, job)).deadline_at).toBe(ctx.now() + 90_000);
    const [grant] = await claim(1);
    if (grant === undefined) throw new Error('no task was granted');
    await runner.report(failed(ctx, grant));
    expect((await jobNow(ctx, job)).state).toBe('PARTITIONED');
    ctx.advance(MINUTE / 2);
    await finish();
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });

  it('costs what all its runs cost together', async () => {
    const job = await partitionedJob(ctx, 1, { config: ONCE });
    const times = () => ({ startedAt: ctx.now() - MINUTE });
    ctx.advance(MINUTE);
    const first = await runner.claimOne();
    ctx.advance(MINUTE);
    await runner.report(failed(ctx, first, 'EXIT_NONZERO', times()));
    const { price } = await jobNow(ctx, job);
    expect(price).toBeGreaterThan(0);
    await retry(job);
    const second = await runner.claimOne();
    ctx.advance(MINUTE);
    await runner.report(succeeded(ctx, second, {}, times()));
    expect((await jobNow(ctx, job)).price).toBe(2 * price);
  });
});

describe('a complete job with failed chunks', () => {
  const config = { ...ONCE, toleratedFailures: 2 };

  it('runs those again; results of the run before keep their own time', async () => {
    const assembler = await addComponent(ctx, 'assembler');
    const job = await partitionedJob(ctx, 3, { assembler, config });
    await failAfter(1);
    await finish();
    const first = await jobNow(ctx, job);
    expect(first).toMatchObject({ state: 'COMPLETE', failed: 1 });
    const old = await outputsOf(first);
    ctx.advance(ctx.config.retentionMs - 1);
    await retry(job);
    await expect(getResults(ctx, ctx.account, job.id)).rejects.toThrow('not yet been completed');
    expect(await finish()).toEqual(['APP 0/1 2', 'ASSEMBLER 2/0 1']);
    const second = await jobNow(ctx, job);
    expect(second).toMatchObject({ state: 'COMPLETE', committed: 3, failed: 0 });
    expect(await outputsOf(second)).toEqual({ '0.txt': 'attempt 1' });
    expect(await outputsOf(second, 1)).toEqual(old);
    expect((await getResults(ctx, ctx.account, job.id)).run).toBe(2);
    await expect(retry(job)).rejects.toThrow('job is complete and has no failed chunks');
  });

  it('runs only the chunks that are named; the others stay failed', async () => {
    const job = await partitionedJob(ctx, 4, { config });
    const [a, b, c, d] = await claim(4);
    if (!a || !b || !c || !d) throw new Error('four tasks are wanted');
    await runner.report(failed(ctx, a), succeeded(ctx, b, filesOf(b)), failed(ctx, c));
    await runner.report(succeeded(ctx, d, filesOf(d)));
    await runSteps(ctx);
    await retry(job, { chunks: '2' });
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'PARTITIONED', failed: 1 });
    expect(await finish()).toEqual(['APP 0/2 2']);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', committed: 3, failed: 1 });
  });
});

describe('chunks by name', () => {
  it('that were never tried can be left out where that many are tolerated', async () => {
    const job = await partitionedJob(ctx, 6, { config: ONCE });
    await failAfter(1);
    expect((await jobNow(ctx, job)).cursor).toBe(2);
    await retry(job, { chunks: '1,3-4', config: { toleratedFailures: '34%' } });
    expect(await finish()).toEqual(['APP 0/1 2', 'APP 0/3 1', 'APP 0/4 1']);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', committed: 4, failed: 2 });
    const left = await findTask(ctx.store.db, job.no, { kind: 'APP', run: 0, chunk: 5 });
    expect(left).toMatchObject({ state: 'failed', reason: 'ABORTED' });
    await retry(job);
    expect(await finish()).toEqual(['APP 0/2 1', 'APP 0/5 1']);
  });

  it.each([
    ['1', /^4 chunks without a result would be left out, and config.toleratedFailures is ""/],
    ['0-1', /^chunk 0 has a result, which is kept/],
    ['6', /^chunks names chunk 6; the job has 6/],
    ['x', /^chunks must be numbers and ranges/],
  ])(
    '%j is refused where that makes no sense, and nothing has changed',
    async (chunks, message) => {
      const job = await partitionedJob(ctx, 6, { config: ONCE });
      await failAfter(1);
      const before = await jobNow(ctx, job);
      await expect(retry(job, { chunks })).rejects.toThrow(message);
      expect(await jobNow(ctx, job)).toEqual(before);
    },
  );

  it('cannot be given before there are any', async () => {
    const job = await startJob(ctx);
    await abortJob(ctx, ctx.account, job.id);
    await expect(retry(job, { chunks: '0' })).rejects.toThrow('failed before it had chunks');
  });
});

describe('the revisions of the next run', () => {
  async function failedJob() {
    const app = await addComponent(ctx, 'app');
    const job = await partitionedJob(ctx, 1, { app, config: ONCE });
    await failAfter(0);
    const component = app.slice(0, app.indexOf('@'));
    const row = await ctx.store.db
      .selectFrom('revision')
      .selectAll()
      .where('component', '=', component)
      .executeTakeFirstOrThrow();
    await ctx.store.transact((tx) =>
      insertRevision(tx, { ...row, revision: 2, hash: `${row.hash}2`, blob_key: 'packages/new' }),
    );
    return job;
  }
  const pinned = async (job: JobRow) => ({
    doc: (await readJobDoc(ctx.store.db, job.no)).pinned?.app?.revision,
    pins: (await ctx.store.db.selectFrom('pin').selectAll().where('job', '=', job.no).execute())
      .filter(({ component }) => component.startsWith('app'))
      .map(({ revision }) => revision),
  });

  it('are those of the first, whatever was pushed since', async () => {
    const job = await failedJob();
    await retry(job);
    expect(await pinned(job)).toEqual({ doc: 1, pins: [1] });
    await finish();
  });

  it('are the newest active ones where that is asked for', async () => {
    const job = await failedJob();
    await retry(job, { useLatest: true });
    expect(await pinned(job)).toEqual({ doc: 2, pins: [2] });
    const { contexts } = await runner.exchange({ free: { cpus: 1, memoryBytes: 2 ** 40 } });
    expect(contexts[0]?.component.hash).toMatch(/2$/);
  });
});

describe('a retry is refused', () => {
  it('of a draft, of a job that runs, and of a stranger', async () => {
    const draft = await draftJob(ctx);
    await expect(retry(draft)).rejects.toThrow('job has not been started');
    const job = await startJob(ctx);
    await expect(retry(job)).rejects.toThrow('job has not ended yet');
    const id = await addAccount(ctx.store);
    const stranger = { id, userName: id, role: 'ROLE_USER' } as const;
    await expect(retryJob(ctx, stranger, job.id, {})).rejects.toThrow('job not found');
  });

  it('of a job whose data has expired, swept or not', async () => {
    const job = await partitionedJob(ctx, 1, { config: ONCE });
    await failAfter(0);
    ctx.advance(ctx.config.retentionMs);
    await expect(retry(job)).rejects.toThrow('job data has expired');
  });

  it('where a secret is gone, or the config makes no sense', async () => {
    const job = await startJob(ctx);
    await abortJob(ctx, ctx.account, job.id);
    const doc = await readJobDoc(ctx.store.db, job.no);
    const app = doc.pinned?.app;
    if (app == null) throw new Error('it has no app');
    const pinned = { ...doc.pinned, app: { ...app, secrets: ['gone'] } };
    await ctx.store.db
      .updateTable('job_doc')
      .set({ pinned: JSON.stringify(pinned) })
      .where('no', '=', job.no)
      .execute();
    await expect(retry(job)).rejects.toThrow('secret not found: gone');
    await expect(retry(job, { config: { toleratedFailures: 'x' } })).rejects.toThrow(
      'config.toleratedFailures must be',
    );
  });
});

it('attempts of all runs are on record', async () => {
  const job = await partitionedJob(ctx, 1, { config: ONCE });
  await failAfter(0);
  await retry(job);
  const grant = await runner.claimOne();
  await abortJob(ctx, ctx.account, job.id);
  expect(await runner.report(succeeded(ctx, grant, {}))).toEqual(['ended']);
  await retry(job);
  await finish();
  const rows = await endedAttempts(ctx.store.db, job.no, [{ kind: 'APP', run: 0, chunk: 0 }]);
  expect(rows.map(({ attempt, reason }) => `${attempt} ${reason}`)).toEqual([
    '1 EXIT_NONZERO',
    '2 ABORTED',
  ]);
});
