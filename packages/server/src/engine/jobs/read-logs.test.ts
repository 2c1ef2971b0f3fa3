import type { Grant, LogLine } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { taskIdOf } from '../../domain/task-id.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { abortJob } from './abort-job.ts';
import { pageLogs } from './page-logs.ts';
import { findLogs, readLine } from './read-logs.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

function line(m: string, patch: Partial<LogLine> = {}): LogLine {
  return { t: ctx.now(), l: 'UNKNOWN', c: '', m, ...patch };
}

async function texts(jobId: string, filter: object = {}): Promise<string[]> {
  const { taskrunner } = await findLogs(ctx, ctx.account, { jobId, ...filter });
  const lines = taskrunner.flatMap((task) => task.lines);
  return Promise.all(lines.map(async (found) => (await readLine(ctx.blobs, found)).m));
}

describe('the log of a task', () => {
  it('holds the lines of every attempt in time order, also of those that failed or were lost', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const say = (grant: Grant, ...lines: LogLine[]) =>
      runner.exchange({ logs: [{ grant, lines }] });
    const first = await runner.claimOne();
    await say(first, line('one'), line('two'));
    await runner.report(failed(ctx, first));
    ctx.advance(ctx.config.backoff.capMs);
    const second = await runner.claimOne();
    await say(second, line('four'));
    await say(first, line('three', { t: ctx.now() - 1 }));
    await runner.report(succeeded(ctx, second, {}));
    expect(await texts(job.id)).toEqual(['one', 'two', 'three', 'four']);
  });

  it('takes what comes after the end of the job too', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    await abortJob(ctx, ctx.account, job.id);
    await runner.exchange({ logs: [{ grant, lines: [line('last words')] }] });
    expect(await texts(job.id)).toEqual(['last words']);
  });

  it('is found by task, level and time', async () => {
    const job = await partitionedJob(ctx, 2);
    const runner = await TestRunner.register(ctx);
    const [a, b] = await runner.claim();
    if (!a || !b) throw new Error('two tasks are wanted');
    const later = ctx.now() + 60_000;
    await runner.exchange({
      logs: [
        { grant: a, lines: [line('a', { l: 'INFO' }), line('late', { t: later })] },
        { grant: b, lines: [line('b', { l: 'ERROR' })] },
      ],
    });
    const taskIds = [taskIdOf(job.uuid, { kind: 'APP', run: 0, chunk: 1 })];
    expect(await texts(job.id, { taskIds })).toEqual(['b']);
    expect(await texts(job.id, { levels: ['INFO', 'UNKNOWN'] })).toEqual(['a', 'late']);
    expect(await texts(job.id, { since: new Date(later).toISOString() })).toEqual(['late']);
    expect(await texts(job.id, { limit: 1 })).toEqual(['late']);
    expect(await texts(job.id, { taskIds: ['unknown'] })).toEqual([]);
    expect(await texts(job.id, { services: ['PARTITIONER'] })).toEqual([]);
  });

  it('keeps every character of a line', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const odd = ['\0 nul', 'é\u2028\u{1F600}', '{"k":"APP"}', 'tab\tquote"\\', '\r'];
    await runner.exchange({ logs: [{ grant, lines: odd.map((text) => line(text)) }] });
    expect(await texts(job.id)).toEqual(odd);
  });

  it('is found whatever its lines are long, and in whatever JSON they come', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const long = Array.from({ length: 60 }, (_, i) => String(i).padEnd(64 * 1024, 'é'));
    const odd = [
      { m: 'first', c: '', l: 'WARN', t: ctx.now() + 0.5 } as LogLine,
      { c: '{"k":1}', t: ctx.now() + 1, l: 'UNKNOWN', m: '' } as LogLine,
    ];
    await runner.exchange({ logs: [{ grant, lines: [...long.map((m) => line(m)), ...odd] }] });
    await runner.exchange({ logs: [{ grant, lines: long.map((m) => line(m, { l: 'DEBUG' })) }] });
    expect(await texts(job.id, { levels: ['UNKNOWN'] })).toEqual([...long, '']);
    expect(await texts(job.id, { levels: ['WARN'] })).toEqual(['first']);
    // More than is kept, and of one millisecond: the later pack is the newer.
    expect(await texts(job.id)).toEqual([...long, ...long, 'first', '']);
    expect(await texts(job.id, { limit: 61 })).toEqual([...long.slice(1), 'first', '']);
  });

  it('is cut to the newest of each stage, however many there are', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const lines = Array.from({ length: 25_000 }, (_, i) => line(String(i), { t: ctx.now() + i }));
    await runner.exchange({ logs: [{ grant, lines }] });
    const newest = await texts(job.id);
    expect(newest).toEqual(lines.slice(-10_000).map(({ m }) => m));
    expect(await texts(job.id, { limit: 2 })).toEqual(['24998', '24999']);
  });
});

describe('pages of a log', () => {
  /** The texts of each page, from a cursor on. */
  async function pages(jobId: string, filter: object, from = '0'): Promise<string[][]> {
    const all: string[][] = [];
    for (let after = from; after !== '';) {
      const { logs, next } = await pageLogs(ctx, ctx.account, { jobId, ...filter, after });
      const lines = logs.taskrunner.flatMap((task) => task.lines);
      all.push(await Promise.all(lines.map(async (line) => (await readLine(ctx.blobs, line)).m)));
      after = next;
    }
    return all;
  }

  it('hold every line once, whatever the size of a page, also where all are of one millisecond', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const all = Array.from({ length: 12 }, (_, i) => `line ${i}`);
    for (let i = 0; i < 12; i += 3) {
      const lines = all.slice(i, i + 3).map((text) => line(text));
      await runner.exchange({ logs: [{ grant, lines }] });
    }
    for (const limit of [1, 2, 3, 4, 5, 12, 100]) {
      const found = await pages(job.id, { limit, levels: ['UNKNOWN'] });
      expect(found.flat()).toEqual(all);
      expect(Math.max(...found.map((page) => page.length))).toBe(Math.min(limit, 12));
    }
    const from = await pageLogs(ctx, ctx.account, { jobId: job.id, limit: 5, after: '0' });
    await runner.exchange({ logs: [{ grant, lines: [line('later')] }] });
    expect((await pages(job.id, {}, from.next)).flat()).toEqual([...all.slice(5), 'later']);
    expect((await pages(job.id, { levels: ['ERROR'] })).flat()).toEqual([]);
    for (const after of ['', '1.', 'x', '-1', '1.2.3']) {
      await expect(pageLogs(ctx, ctx.account, { jobId: job.id, after })).rejects.toThrow(
        'after: must be 0 for the first page',
      );
    }
  });

  it('leave out packs without a wanted kind or level, unread', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    for (const l of ['ERROR', 'UNKNOWN', 'ERROR'] as const) {
      await runner.exchange({ logs: [{ grant, lines: [line(l, { l })] }] });
    }
    let reads = 0;
    const { blobs } = ctx;
    const read: typeof blobs.read = (key, range) => {
      reads += 1;
      return blobs.read(key, range);
    };
    const watched = { ...ctx, blobs: { ...blobs, read } };
    const ask = { jobId: job.id, levels: ['UNKNOWN' as const], after: '0' };
    const { logs } = await pageLogs(watched, ctx.account, ask);
    expect(logs.taskrunner.flatMap((task) => task.lines)).toHaveLength(1);
    expect(reads).toBe(1);
  });

  it('end with so many bytes too', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const long = Array.from({ length: 300 }, (_, i) => String(i).padEnd(64 * 1024, 'x'));
    await runner.exchange({ logs: [{ grant, lines: long.map((text) => line(text)) }] });
    const found = await pages(job.id, {});
    expect(found.flat()).toEqual(long);
    expect(Math.max(...found.map((page) => page.length))).toBeLessThan(130);
  });
});
