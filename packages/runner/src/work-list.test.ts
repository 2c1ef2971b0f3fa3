import type { Grant } from '@bytenite/contract';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AttemptLog } from './attempt-log.ts';
import { Attempt } from './attempt.ts';
import { Capacity } from './capacity.ts';
import { monotonicMs } from './clock.ts';
import { createRedactor } from './redact.ts';
import { WorkList } from './work-list.ts';

const NEED = { cpus: 1, memoryBytes: 0, gpu: [] };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'work-list-'));
  vi.useFakeTimers({ toFake: ['hrtime'] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true });
});

/** Tasks that are staged at once and, given their turn, run for ever. */
function createWork({ cpus = 1, slots = 10 } = {}) {
  const capacity = new Capacity({ cpus, memoryBytes: 1, gpus: [] });
  const running: string[] = [];
  const released: string[] = [];
  const work = new WorkList(capacity, {
    attemptsDir: dir,
    trashDir: dir,
    uidBase: null,
    slots,
    async run(attempt, place) {
      attempt.turnAwaitedSinceMs = monotonicMs();
      const isTurn = await capacity.take(NEED, () => attempt.stopReason === undefined);
      if (!isTurn) return { outcome: { kind: 'released' }, endedAt: 0, stats: null };
      attempt.turnAwaitedSinceMs = Number.POSITIVE_INFINITY;
      place.onRunning();
      running.push(attempt.lease);
      return new Promise(() => undefined);
    },
    onEnded: ({ lease }) => expect.unreachable(`${lease} has not ended`),
    onReleased: (lease) => void released.push(lease),
  });
  return { work, running, released };
}

function attemptOf(lease: string): Attempt {
  const ref = { job: 1, kind: 'APP' as const, run: 0, chunk: 0, attempt: 1 };
  const grant = { lease, ref } as Grant;
  const log = new AttemptLog(
    createRedactor([]),
    (atMs) => atMs,
    () => undefined,
  );
  const granted = { grant, context: {} as never, input: { streamBytes: 0 }, askedAtMs: 0 };
  return new Attempt(granted, { need: NEED, limits: NEED }, log, 1000);
}

test('what waits long behind a running task goes back, staged or not', async () => {
  const { work, running, released } = createWork();
  for (const lease of ['runs', 'staged 1', 'staged 2', 'queued']) work.add(attemptOf(lease));
  await vi.waitFor(() => expect(work.attempts()).toHaveLength(4));
  await vi.waitFor(() => expect(running).toEqual(['runs']));
  vi.advanceTimersByTime(9000);
  work.releaseSurplus();
  expect(released).toEqual([]);
  vi.advanceTimersByTime(2000);
  work.releaseSurplus();
  await vi.waitFor(() => expect(released).toHaveLength(3));
  expect(released.toSorted()).toEqual(['queued', 'staged 1', 'staged 2']);
  expect(work.attempts().map(({ lease }) => lease)).toEqual(['runs']);
});

test('nothing more is asked for when every slot has a task, whatever room is left', async () => {
  const { work, running } = createWork({ cpus: 8, slots: 2 });
  work.add(attemptOf('a'));
  await vi.waitFor(() => expect(running).toHaveLength(1));
  expect(work.wanted().free.cpus).toBe(7);
  expect(work.isHungry).toBe(true);
  work.add(attemptOf('b'));
  await vi.waitFor(() => expect(running).toHaveLength(2));
  const nothing = { free: { cpus: 0, memoryBytes: 0, gpus: [] }, prefetch: 0, idle: false };
  expect(work.wanted()).toEqual(nothing);
});

test('a message carries the phases of some hundred tasks at most; the others follow', async () => {
  const { work, running } = createWork({ cpus: 1000, slots: 1000 });
  for (let i = 0; i < 600; i++) work.add(attemptOf(String(i)));
  await vi.waitFor(() => expect(running).toHaveLength(600));
  expect(work.isHungry, 'one free place of many is little').toBe(false);
  for (const attempt of work.activeAttempts()) attempt.enter('RUNNING');
  vi.advanceTimersByTime(1000);
  const first = work.phaseReports();
  expect(first).toHaveLength(500);
  work.confirmPhases(first.map(({ report }) => report));
  expect(work.phaseReports()).toHaveLength(100);
});
