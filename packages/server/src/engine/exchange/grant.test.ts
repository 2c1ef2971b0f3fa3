import { INLINE_LIMIT } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobRow } from '../../store/tables.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import {
  addComponent,
  jobNow,
  runSteps,
  startJob,
  type ComponentOptions,
} from '../../testing/jobs.ts';
import { readInput } from '../../testing/read-input.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner, type Message } from '../../testing/test-runner.ts';
import { explainJob } from '../explain/explain-job.ts';
import { exchange } from './exchange.ts';

const GIB = 1024 ** 3;

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

async function jobOf(chunks: number, needs: ComponentOptions = {}): Promise<JobRow> {
  return partitionedJob(ctx, chunks, { app: await addComponent(ctx, 'app', needs) });
}

function free(cpus: number, gib = 1000): Message {
  return { free: { cpus, memoryBytes: gib * GIB } };
}

async function chunksOf(runner: TestRunner, ask: Message): Promise<number[]> {
  return (await runner.exchange(ask)).grants.map(({ ref }) => ref.chunk);
}

describe('claims', () => {
  it('take tasks that waited before chunks that were never claimed', async () => {
    await jobOf(6);
    const runner = await TestRunner.register(ctx);
    const [a, b] = await runner.claim(2);
    if (!a || !b) throw new Error('two tasks are wanted');
    await runner.exchange({ released: [b.lease] });
    await runner.report(failed(ctx, a));
    ctx.advance(ctx.config.backoff.capMs);
    const { grants } = await runner.exchange(free(3));
    expect(grants.map(({ ref }) => [ref.chunk, ref.attempt])).toEqual([
      [0, 2],
      [1, 1],
      [2, 1],
    ]);
    expect(await chunksOf(runner, free(9))).toEqual([3, 4, 5]);
    expect(await chunksOf(runner, free(9))).toEqual([]);
  });

  it('never give one task to two runners, however many ask at once', async () => {
    await jobOf(40);
    const runners = await Promise.all(Array.from({ length: 5 }, () => TestRunner.register(ctx)));
    const rounds = runners.flatMap((runner) => [runner, runner]);
    const claims = await Promise.all(rounds.map((runner) => chunksOf(runner, free(7))));
    const chunks = claims.flat().toSorted((a, b) => a - b);
    expect(chunks).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  it('serve the oldest job first, and later ones with what is left', async () => {
    const first = await jobOf(2);
    const second = await jobOf(2);
    const runner = await TestRunner.register(ctx);
    const { grants, contexts } = await runner.exchange(free(3));
    expect(grants.map(({ ref }) => [ref.job, ref.chunk])).toEqual([
      [first.no, 0],
      [first.no, 1],
      [second.no, 0],
    ]);
    expect(grants.map(({ context }) => contexts[context]?.jobId)).toEqual([
      first.id,
      first.id,
      second.id,
    ]);
  });

  it('pass over a job that does not fit, and serve the next', async () => {
    await jobOf(1, { minCpu: 8 });
    const small = await jobOf(1, { minCpu: 2 });
    const runner = await TestRunner.register(ctx);
    const { grants } = await runner.exchange(free(4));
    expect(grants.map(({ ref }) => ref.job)).toEqual([small.no]);
  });
});

it('jobs that no runner can run do not hide the jobs behind them', async () => {
  const app = await addComponent(ctx, 'app', { gpu: ['T4'] });
  for (let i = 0; i < 65; i++) await startJob(ctx, { app });
  const job = await startJob(ctx);
  await runSteps(ctx);
  const runner = await TestRunner.register(ctx);
  expect((await runner.claimOne()).ref.job).toBe(job.no);
}, 60_000);

it('a component that asks for no network runs where that can be shut off, and nowhere else', async () => {
  const app = await addComponent(ctx, 'app', { network: 'none' });
  const closed = await startJob(ctx, { app });
  const open = await startJob(ctx);
  await runSteps(ctx);
  const process = await TestRunner.register(ctx, { tier: 'process' });
  const first = await process.exchange(free(100));
  expect(first.grants.map(({ ref }) => ref.job)).toEqual([open.no]);
  const told = await explainJob(ctx, ctx.account, closed.id, {});
  expect(told.summary).toMatch(
    /^app-\d+@1.0 asks for no network, and no runner( of this server)? can shut it off/,
  );
  const zones = await TestRunner.register(ctx, { tier: 'namespace', network: 'egress' });
  const { grants, contexts } = await zones.exchange(free(100));
  expect(grants.map(({ ref }) => ref.job)).toEqual([closed.no]);
  expect(contexts[0]?.component.network).toBe('none');
});

describe('a runner’s capacity', () => {
  it('limits its tasks by CPUs and by memory', async () => {
    await jobOf(20, { minCpu: 2, minMemory: 4 });
    const runner = await TestRunner.register(ctx);
    expect(await chunksOf(runner, free(7, 100))).toHaveLength(3);
    expect(await chunksOf(runner, free(100, 10))).toHaveLength(2);
    expect(await chunksOf(runner, free(1, 3))).toHaveLength(0);
  });

  it('is shared by the jobs that one exchange serves', async () => {
    await jobOf(1, { minCpu: 1, minMemory: 6 });
    await jobOf(9, { minCpu: 1, minMemory: 2 });
    const runner = await TestRunner.register(ctx);
    const { grants } = await runner.exchange(free(100, 10));
    expect(grants).toHaveLength(3);
  });

  it('may be exceeded by what the runner wants to stage ahead, and by no more', async () => {
    await jobOf(3, { minCpu: 1, minMemory: 4 });
    await jobOf(20, { minCpu: 1, minMemory: 4 });
    const runner = await TestRunner.register(ctx);
    expect(await chunksOf(runner, { ...free(100, 8), prefetch: 3 })).toHaveLength(5);
    expect(await chunksOf(runner, { prefetch: 2 })).toHaveLength(2);
  });

  it('lets a component larger than the runner run alone, where the runner allows it', async () => {
    await jobOf(3, { minCpu: 64 });
    const strict = await TestRunner.register(ctx, { cpus: 4 });
    expect(await chunksOf(strict, { ...free(4), idle: true })).toEqual([]);
    const runner = await TestRunner.register(ctx, { cpus: 4, overcommit: true });
    expect(await chunksOf(runner, { ...free(4), idle: false })).toEqual([]);
    expect(await chunksOf(runner, { ...free(4), idle: true })).toEqual([0]);
  });

  it('has no GPU: a task that needs one waits', async () => {
    await jobOf(1, { gpu: ['T4'] });
    const runner = await TestRunner.register(ctx);
    expect(await chunksOf(runner, { ...free(8), idle: true, prefetch: 4 })).toEqual([]);
  });
});

describe('a long poll', () => {
  const request = {
    waitMs: 60_000,
    free: { cpus: 4, memoryBytes: GIB, gpus: [] },
    idle: true,
    prefetch: 0,
    phases: [],
    logs: [],
    ended: [],
    released: [],
  };

  async function poll(runner: TestRunner, signal: AbortSignal) {
    const known = ctx.runners.find(runner.id, runner.incarnation);
    if (known === undefined) throw new Error('the runner is not known');
    const ids = { runnerId: runner.id, incarnation: runner.incarnation };
    return (await exchange(ctx, known, { ...ids, ...request }, new Uint8Array(), signal)).reply;
  }

  it('is answered as soon as there is work', async () => {
    const runner = await TestRunner.register(ctx);
    const polling = poll(runner, new AbortController().signal);
    await startJob(ctx);
    await runSteps(ctx);
    expect((await polling).grants).toHaveLength(1);
  });

  it('whose caller is gone claims nothing', async () => {
    const runner = await TestRunner.register(ctx);
    const gone = new AbortController();
    const polling = poll(runner, gone.signal);
    gone.abort();
    await startJob(ctx);
    await runSteps(ctx);
    expect((await polling).grants).toEqual([]);
    expect(await ctx.store.db.selectFrom('lease').selectAll().execute()).toEqual([]);
  });

  it('of an older incarnation claims nothing', async () => {
    const runner = await TestRunner.register(ctx);
    const polling = poll(runner, new AbortController().signal);
    const heir = await runner.reborn();
    await startJob(ctx);
    await runSteps(ctx);
    const known = await heir.claim(1);
    expect((await polling).grants).toEqual([]);
    expect(known).toHaveLength(1);
  });
});

describe('the input of a chunk', () => {
  it('travels in the message up to a limit, and as a stream above it', async () => {
    const partitioner = await addComponent(ctx, 'partitioner');
    await startJob(ctx, { partitioner });
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);
    const sizes = [0, INLINE_LIMIT, INLINE_LIMIT + 1];
    const files = Object.fromEntries(
      sizes.map((size, i) => [`data_${i}.bin`, `${i}`.repeat(size)]),
    );
    await runner.report(succeeded(ctx, await runner.claimOne(), files));
    await runSteps(ctx);
    const { grants, tail } = await runner.exchange(free(9));
    const [empty, inline, streamed] = grants;
    if (!empty || !inline || !streamed) throw new Error('three tasks are wanted');
    expect(TestRunner.inlineInput(empty, tail)).toBe('');
    expect(TestRunner.inlineInput(inline, tail)).toBe(files['data_1.bin']);
    expect(streamed.input).toEqual({ streamBytes: INLINE_LIMIT + 1 });
    const content = files['data_2.bin'];
    expect(await readInput(ctx, streamed.lease)).toEqual({ 'task/data.bin': content });
  });

  it('that cannot be read is its own task’s trouble, not that of the others in the message', async () => {
    const broken = await jobOf(1);
    const sound = await jobOf(1);
    const { source_key: key } = await ctx.store.db
      .selectFrom('task')
      .selectAll()
      .where('job', '=', broken.no)
      .where('kind', '=', 'PARTITIONER')
      .executeTakeFirstOrThrow();
    expect(key).not.toBeNull();
    await ctx.store.db
      .updateTable('task')
      .set({ source_key: `job/${broken.no}/data/gone` })
      .where('job', '=', broken.no)
      .where('kind', '=', 'APP')
      .execute();
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim();
    expect(grants.map(({ ref }) => ref.job)).toEqual([broken.no, sound.no]);
    const [bad] = grants;
    if (!bad) throw new Error('a task is wanted');
    expect(bad.input).toHaveProperty('streamBytes');
    await expect(readInput(ctx, bad.lease)).rejects.toThrow('gone');
    await runner.report(failed(ctx, bad, 'INPUT_FAILED'));
    expect((await jobNow(ctx, broken)).state).toBe('PARTITIONED');
  });
});
