import { ATTEMPT_REASONS, type AttemptReason } from '@bytenite/contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideTaskEnd, isFree, MAX_LOSSES, type RetryPolicy } from './task-end.ts';

const POLICY: RetryPolicy = { maxTaskRetries: 3, backoff: { baseMs: 2000, capMs: 300_000 } };
const FREE: AttemptReason[] = ['WORKER_LOST', 'INTERNAL'];
const RETRIED = ATTEMPT_REASONS.filter((reason) => reason !== 'ABORTED' && !FREE.includes(reason));

describe('an attempt that ended without committing', () => {
  it.each(RETRIED)('is retried after %s as often as the job allows, then fails', (reason) => {
    for (let retries = 0; retries < 3; retries++) {
      const end = decideTaskEnd({ retries, losses: 0 }, reason, POLICY, 0.5);
      expect(end).toMatchObject({ next: 'retry', usesRetry: true });
    }
    const last = decideTaskEnd({ retries: 3, losses: 0 }, reason, POLICY, 0.5);
    expect(last).toEqual({ next: 'fail' });
  });

  it.each(FREE)('costs no retry after %s, but is not repeated for ever', (reason) => {
    const worn = { retries: 3, losses: MAX_LOSSES - 1 };
    const end = decideTaskEnd(worn, reason, POLICY, 0.5);
    expect(end).toMatchObject({ next: 'retry', usesRetry: false });
    const last = decideTaskEnd({ retries: 0, losses: MAX_LOSSES }, reason, POLICY, 0.5);
    expect(last).toEqual({ next: 'fail' });
    expect(MAX_LOSSES).toBe(10);
  });

  it.each(ATTEMPT_REASONS)('is paid for after %s unless it was the platform’s fault', (reason) => {
    expect(isFree(reason)).toBe(FREE.includes(reason));
  });

  it('is not retried where the job allows no retry', () => {
    const none = { ...POLICY, maxTaskRetries: 0 };
    const fresh = { retries: 0, losses: 0 };
    expect(decideTaskEnd(fresh, 'EXIT_NONZERO', none, 0)).toEqual({ next: 'fail' });
    expect(decideTaskEnd(fresh, 'WORKER_LOST', none, 0)).toMatchObject({ next: 'retry' });
  });

  it('is never retried after ABORTED', () => {
    const fresh = { retries: 0, losses: 0 };
    expect(decideTaskEnd(fresh, 'ABORTED', POLICY, 0)).toEqual({ next: 'fail' });
  });
});

describe('the wait before a retry', () => {
  const delay = (retries: number, random: number) => {
    const policy = { ...POLICY, maxTaskRetries: 1000 };
    const end = decideTaskEnd({ retries, losses: 0 }, 'EXIT_NONZERO', policy, random);
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
          const end = decideTaskEnd(task, reason, policy, random);
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
