import { ATTEMPT_REASONS, type AttemptReason } from '@bytenite/contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideTaskEnd, isFree, MAX_LOSSES, type RetryPolicy } from './task-end.ts';

const POLICY: RetryPolicy = {
  maxTaskRetries: 3,
  retryOn: [],
  failOn: [],
  backoff: { baseMs: 2000, capMs: 300_000 },
  aloneAfter: 2,
};
const ended = (reason: AttemptReason, exitCode: number | null = null) => ({ reason, exitCode });
const FREE: AttemptReason[] = ['WORKER_LOST', 'INTERNAL'];
const FINAL: AttemptReason[] = ['ABORTED', 'QUARANTINED'];
const RETRIED = ATTEMPT_REASONS.filter((reason) => ![...FINAL, ...FREE].includes(reason));

describe('an attempt that ended without committing', () => {
  it.each(RETRIED)('is retried after %s as often as the job allows, then fails', (reason) => {
    for (let retries = 0; retries < 3; retries++) {
      const end = decideTaskEnd({ retries, losses: 0 }, ended(reason), POLICY, 0.5);
      expect(end).toMatchObject({ next: 'retry', usesRetry: true });
    }
    const last = decideTaskEnd({ retries: 3, losses: 0 }, ended(reason), POLICY, 0.5);
    expect(last).toEqual({ next: 'fail' });
  });

  it.each(FREE)('costs no retry after %s, but is not repeated for ever', (reason) => {
    const worn = { retries: 3, losses: MAX_LOSSES - 1 };
    const end = decideTaskEnd(worn, ended(reason), POLICY, 0.5);
    expect(end).toMatchObject({ next: 'retry', usesRetry: false });
    const last = decideTaskEnd({ retries: 0, losses: MAX_LOSSES }, ended(reason), POLICY, 0.5);
    expect(last).toEqual({ next: 'fail' });
    expect(MAX_LOSSES).toBe(10);
  });

  it('is not tried alone because messages were lost, which end no runner', () => {
    const unheard = { ...ended('WORKER_LOST'), isUnheardOf: true };
    const first = decideTaskEnd({ retries: 0, losses: 1 }, unheard, POLICY, 0.5);
    expect(first).toMatchObject({ next: 'retry', usesRetry: false, alone: false });
    const third = decideTaskEnd({ retries: 0, losses: 2 }, unheard, POLICY, 0.5);
    expect(third).toMatchObject({ alone: false });
    const alone = { retries: 0, losses: 2, wasAlone: true };
    expect(decideTaskEnd(alone, unheard, POLICY, 0.5), 'stays so').toMatchObject({ alone: true });
    const lost = decideTaskEnd({ retries: 0, losses: 1 }, ended('WORKER_LOST'), POLICY, 0.5);
    expect(lost).toMatchObject({ alone: true });
  });

  it.each(ATTEMPT_REASONS)('is paid for after %s unless it was the platform’s fault', (reason) => {
    expect(isFree(reason)).toBe(FREE.includes(reason));
  });

  it('is not retried where the job allows no retry', () => {
    const none = { ...POLICY, maxTaskRetries: 0 };
    const fresh = { retries: 0, losses: 0 };
    expect(decideTaskEnd(fresh, ended('EXIT_NONZERO'), none, 0)).toEqual({ next: 'fail' });
    expect(decideTaskEnd(fresh, ended('WORKER_LOST'), none, 0)).toMatchObject({ next: 'retry' });
  });

  it.each(FINAL)('is never retried after %s', (reason) => {
    const fresh = { retries: 0, losses: 0 };
    const named = { ...POLICY, retryOn: [reason] };
    expect(decideTaskEnd(fresh, ended(reason), POLICY, 0)).toEqual({ next: 'fail' });
    expect(decideTaskEnd(fresh, ended(reason), named, 0)).toEqual({ next: 'fail' });
  });

  it('is tried alone from the second loss on, also after a failure of its own', () => {
    const alone = (losses: number, reason: AttemptReason) => {
      const end = decideTaskEnd({ retries: 0, losses }, ended(reason), POLICY, 0);
      return end.next === 'retry' && end.alone;
    };
    expect([0, 1, 2, 9].map((losses) => alone(losses, 'WORKER_LOST'))).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect([0, 1, 2].map((losses) => alone(losses, 'EXIT_NONZERO'))).toEqual([false, false, true]);
  });
});

describe('outcomes that a job names', () => {
  const fresh = { retries: 0, losses: 0 };
  const next = (outcome: ReturnType<typeof ended>, lists: Partial<RetryPolicy>) =>
    decideTaskEnd(fresh, outcome, { ...POLICY, ...lists }, 0).next;

  it('in failOn are never retried, others are', () => {
    const failOn = ['3', 'TIMEOUT', 'WORKER_LOST'];
    expect(next(ended('EXIT_NONZERO', 3), { failOn })).toBe('fail');
    expect(next(ended('EXIT_NONZERO', 4), { failOn })).toBe('retry');
    expect(next(ended('TIMEOUT'), { failOn })).toBe('fail');
    expect(next(ended('OUT_OF_MEMORY', 3), { failOn })).toBe('retry');
    expect(next(ended('WORKER_LOST'), { failOn })).toBe('fail');
    expect(next(ended('INTERNAL'), { failOn })).toBe('retry');
  });

  it('in retryOn are the only ones that are retried, but for lost runners', () => {
    const retryOn = ['75', 'TIMEOUT'];
    expect(next(ended('EXIT_NONZERO', 75), { retryOn })).toBe('retry');
    expect(next(ended('EXIT_NONZERO', 1), { retryOn })).toBe('fail');
    expect(next(ended('TIMEOUT'), { retryOn })).toBe('retry');
    expect(next(ended('INPUT_FAILED'), { retryOn })).toBe('fail');
    expect(next(ended('WORKER_LOST'), { retryOn })).toBe('retry');
    expect(next(ended('EXIT_NONZERO', 1), { retryOn: ['EXIT_NONZERO'] })).toBe('retry');
  });

  it('in both are not retried', () => {
    const both = { retryOn: ['EXIT_NONZERO'], failOn: ['3'] };
    expect(next(ended('EXIT_NONZERO', 3), both)).toBe('fail');
    expect(next(ended('EXIT_NONZERO', 4), both)).toBe('retry');
  });
});

describe('the wait before a retry', () => {
  const delay = (retries: number, random: number) => {
    const policy = { ...POLICY, maxTaskRetries: 1000 };
    const end = decideTaskEnd({ retries, losses: 0 }, ended('EXIT_NONZERO'), policy, random);
    return end.next === 'retry' ? end.delayMs : null;
  };

  it('doubles from the base, up to the cap', () => {
    expect([0, 1, 2, 3].map((n) => delay(n, 0.9999))).toEqual([1999, 3999, 7999, 15998]);
    expect([7, 8, 100, 999].map((n) => delay(n, 0.5))).toEqual([
      128_000, 150_000, 150_000, 150_000,
    ]);
  });

  it('is spread over the whole span, so that tasks that failed together do not come back together', () => {
    expect([0, 0.25, 0.75].map((random) => delay(2, random))).toEqual([0, 2000, 6000]);
  });
});

it('a task ends after at most its retries and losses, whatever happens in whatever order', () => {
  const reasons = fc.infiniteStream(fc.constantFrom(...ATTEMPT_REASONS));
  fc.assert(
    fc.property(
      reasons,
      fc.integer({ min: 0, max: 100 }),
      fc.double(),
      (stream, allowed, random) => {
        const policy = { ...POLICY, maxTaskRetries: allowed };
        const task = { retries: 0, losses: 0 };
        let attempts = 0;
        for (const reason of stream) {
          attempts += 1;
          const end = decideTaskEnd(task, ended(reason), policy, random);
          if (end.next === 'fail') break;
          if (end.usesRetry) task.retries += 1;
          else task.losses += 1;
        }
        expect(task.retries).toBeLessThanOrEqual(allowed);
        expect(task.losses).toBeLessThanOrEqual(MAX_LOSSES);
        expect(attempts).toBeLessThanOrEqual(allowed + MAX_LOSSES + 1);
      },
    ),
  );
});
