import { describe, expect, it } from 'vitest';
import { isNearlyDone, lateAfterMs } from './speculation.ts';

describe('a job is nearly done', () => {
  const job = { num_chunks: 100, cursor: 100, committed: 75, failed: 0 };

  it.each([
    ['three quarters have ended', {}, true],
    ['some of them by failing', { committed: 70, failed: 5 }, true],
    ['fewer have', { committed: 74 }, false],
    ['some chunks were never given out', { cursor: 99 }, false],
    ['all have ended', { committed: 100 }, false],
  ])('%s: %o', (_, patch, isSo) => {
    expect(isNearlyDone({ ...job, ...patch })).toBe(isSo);
  });
});

describe('a task is late', () => {
  it.each([
    ['after twice the time of half of the others', [10_000, 30_000, 20_000], 40_000],
    ['but not before a second attempt could gain anything', [100, 300, 200], 2200],
    ['never, where nothing is known of others', [], null],
  ])('%s', (_, durations, ms) => {
    expect(lateAfterMs(durations)).toBe(ms);
  });
});
