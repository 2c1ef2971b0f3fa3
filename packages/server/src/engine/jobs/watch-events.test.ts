import { EVENT_NAMES, type LogLine } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventIdOf, eventPlaceOf } from '../../domain/event-id.ts';
import { untilSettled } from '../../testing/store-fixture.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { partitionedJob, workOff } from '../../testing/scenario.ts';
import { TestRunner } from '../../testing/test-runner.ts';
import { deleteEventsBefore } from '../../store/records.ts';
import { createApiKey } from '../auth/api-keys.ts';
import type { Caller } from '../auth/account.ts';
import { watchEvents, type WatchQuery } from './watch-events.ts';
import type { WatchedEvent } from './watched-events.ts';

let ctx: TestContext;
let caller: Caller;
beforeEach(async () => {
  ctx = await createTestContext();
  const { row } = await createApiKey(ctx, ctx.account, { name: 'test' });
  caller = { ...ctx.account, keyId: row.id };
});
afterEach(() => checkAndDispose(ctx));

/** What one connection brings, cut where it would wait for news. */
async function replay(afterId: number, patch: Partial<WatchQuery> = {}): Promise<WatchedEvent[]> {
  const stop = new AbortController();
  const query = { jobId: undefined, names: new Set(EVENT_NAMES), afterId, ...patch };
  const seen: WatchedEvent[] = [];
  const isQuiet = { ...ctx.signals, wait: async () => stop.abort() };
  for await (const events of watchEvents(
    { ...ctx, signals: isQuiet },
    caller,
    query,
    stop.signal,
  )) {
    if (events !== 'keep-alive') seen.push(...events);
  }
  return seen;
}

function textOf(event: WatchedEvent): string {
  switch (event.name) {
    case 'job.updated':
      return 'job';
    case 'task.updated':
      return `task ${event.task.task.kind} ${event.task.task.chunk}`;
    case 'log.appended':
      return event.line.m;
  }
}

describe('a stream of events', () => {
  it('cut after any event goes on behind it: nothing is lost, nothing comes twice', async () => {
    const job = await partitionedJob(ctx, 5);
    const runner = await TestRunner.register(ctx);
    const grants = await runner.claim();
    const burst = (from: number, length: number): LogLine[] =>
      Array.from({ length }, (_, i) => ({ t: ctx.now(), l: 'INFO', c: '', m: `line ${from + i}` }));
    for (const [i, grant] of grants.entries()) {
      await runner.exchange({
        logs: [
          { grant, lines: burst(i * 20, 10) },
          { grant, lines: burst(i * 20 + 10, 10) },
        ],
      });
    }
    await runner.exchange({ released: grants.map(({ lease }) => lease) });
    await workOff(runner);
    await untilSettled(ctx.store);
    const all = await replay(0, { jobId: job.id });
    const ids = all.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
    const texts = all.map(textOf);
    expect(texts.filter((text) => text.startsWith('line'))).toEqual(
      burst(0, 100).map(({ m }) => m),
    );
    expect(texts).toContain('task APP 4');
    for (const [i, { id }] of all.entries()) {
      expect((await replay(id, { jobId: job.id })).map(textOf)).toEqual(texts.slice(i + 1));
    }
  });

  it('tells all that happens after it has begun, however late it is read', async () => {
    const query = { jobId: undefined, names: new Set(EVENT_NAMES), afterId: undefined };
    const watching = watchEvents(ctx, caller, query, AbortSignal.timeout(20_000));
    expect(await watching.next()).toMatchObject({ value: 'keep-alive' });
    await partitionedJob(ctx, 1);
    const { value } = await watching.next();
    expect(value).toMatchObject([expect.objectContaining({ name: expect.any(String) })]);
    await watching.return(undefined);
  });

  it('sends long lines by pieces, however many are in one pack', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const lines = Array.from({ length: 100 }, (_, i): LogLine => {
      return { t: ctx.now(), l: 'INFO', c: '', m: String(i).padEnd(60_000, 'é') };
    });
    await runner.exchange({ logs: [{ grant, lines }] });
    await untilSettled(ctx.store);
    const query = { jobId: undefined, names: new Set(['log.appended' as const]), afterId: 0 };
    const stop = new AbortController();
    const sizes: number[] = [];
    for await (const events of watchEvents(ctx, caller, query, stop.signal)) {
      if (events !== 'keep-alive') sizes.push(events.length);
      if (sizes.reduce((sum, size) => sum + size, 0) === 100) stop.abort();
    }
    expect(Math.max(...sizes)).toBe(1);
  });

  it('tells who comes back too late, also with an id of the form before places', async () => {
    await partitionedJob(ctx, 3);
    await workOff(await TestRunner.register(ctx));
    await untilSettled(ctx.store);
    const all = await replay(0);
    const [first, ...others] = all;
    const [last, oneBefore] = others.toReversed();
    if (!first || !last || !oneBefore) throw new Error('three events are wanted');
    expect(await deleteEventsBefore(ctx.store.db, ctx.now() + 1, 1)).toBe(1);
    await expect(replay(0)).rejects.toThrow('the event is too old');
    await expect(replay(eventPlaceOf(first.id).row)).rejects.toThrow('too old');
    await expect(replay(eventIdOf({ row: 1, position: 1 }))).rejects.toThrow('too old');
    expect((await replay(oneBefore.id)).map(textOf)).toEqual([textOf(last)]);
  });
});
