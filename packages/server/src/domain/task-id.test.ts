import { TASK_KINDS } from '@bytenite/contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTaskId, taskIdMaker, taskIdOf, type TaskKey } from './task-id.ts';

const JOB = '01980000-0000-7000-8000-000000000001';
const OTHER_JOB = '01980000-0000-7000-8000-000000000002';

const keys: fc.Arbitrary<TaskKey> = fc.record({
  kind: fc.constantFrom(...TASK_KINDS),
  run: fc.integer({ min: 0, max: 0xffff }),
  chunk: fc.integer({ min: 0, max: 0xffff_ffff }),
});

describe('the id of a task', () => {
  it('is a version 8 UUID, and reading it back gives the task', () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    fc.assert(
      fc.property(fc.uuid(), keys, (job, key) => {
        const id = taskIdOf(job, key);
        expect(id).toMatch(form);
        expect(parseTaskId(job, id)).toEqual(key);
        expect(parseTaskId(job, id.toUpperCase())).toEqual(key);
      }),
    );
  });

  it('is the same whether made alone or among many', () => {
    const key = { kind: 'APP', run: 0, chunk: 99_999 } as const;
    expect(taskIdMaker(JOB)(key)).toBe(taskIdOf(JOB, key));
  });

  it('differs between tasks of a job', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const isSame = a.kind === b.kind && a.run === b.run && a.chunk === b.chunk;
        expect(taskIdOf(JOB, a) === taskIdOf(JOB, b)).toBe(isSame);
      }),
    );
  });

  it("of another job is refused, even for the same chunk, and never taken for one of this job's", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const foreign = taskIdOf(OTHER_JOB, key);
        expect(foreign).not.toBe(taskIdOf(JOB, key));
        expect(parseTaskId(JOB, foreign)).toBeNull();
      }),
    );
  });

  it('with any digit changed never names the task it named', () => {
    const key = { kind: 'APP', run: 0, chunk: 7 } as const;
    const id = taskIdOf(JOB, key);
    Array.from(id).forEach((digit, at) => {
      if (digit === '-') return;
      const other = digit === '0' ? '1' : '0';
      expect(parseTaskId(JOB, id.slice(0, at) + other + id.slice(at + 1))).not.toEqual(key);
    });
  });

  it.each(['', 'x', JOB, '01980000-0000-4000-8000-000000000001', 'f'.repeat(36)])(
    'is not %j',
    (text) => {
      expect(parseTaskId(JOB, text)).toBeNull();
    },
  );
});
