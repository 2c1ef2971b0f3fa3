import { describe, expect, it } from 'vitest';
import { decideSickness, type RunnerEnd } from './runner-health.ts';

const NOW = 10_000_000;
const MINUTE = 60_000;

const end = (job: number, patch: Partial<RunnerEnd> = {}): RunnerEnd => ({
  job,
  ok: false,
  blamed: false,
  at: NOW,
  ...patch,
});
const blamed = (job: number, at = NOW) => end(job, { blamed: true, at });
const good = (job: number) => end(job, { ok: true });

describe('a runner', () => {
  it('is sick when tasks of three jobs failed there that others could do', () => {
    const ends = [blamed(1), blamed(2), blamed(2), blamed(3), good(4)];
    expect(decideSickness(ends, NOW)).toEqual({ jobs: 3, failures: 4 });
  });

  it('is not when the tasks of one or two jobs did, however many', () => {
    const ends = Array.from({ length: 20 }, (_, i) => blamed(i % 2));
    expect(decideSickness(ends, NOW)).toBeNull();
  });

  it('is not when tasks failed that nobody else could do either', () => {
    expect(decideSickness([end(1), end(2), end(3), end(4)], NOW)).toBeNull();
  });

  it('is not when more succeeds there than fails: some tasks fail now and then anywhere', () => {
    const failures = [blamed(1), blamed(2), blamed(3)];
    expect(decideSickness([...failures, good(1), good(2)], NOW)).not.toBeNull();
    expect(decideSickness([...failures, good(1), good(2), good(3)], NOW)).toBeNull();
  });

  it('is not for what is ten minutes ago', () => {
    const ends = [blamed(1, NOW - 11 * MINUTE), blamed(2), blamed(3)];
    expect(decideSickness(ends, NOW)).toBeNull();
    expect(decideSickness(ends, NOW - MINUTE)).not.toBeNull();
  });
});
