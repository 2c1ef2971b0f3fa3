import { JOB_STATES } from '@bytenite/contract';
import { describe, expect, it } from 'vitest';
import { decideRetry, type EndedJob } from './retry.ts';

const FAILED: EndedJob = { state: 'FAILED', failed: 1, isPartitioned: true, isDataKept: true };

describe('a job', () => {
  it('that failed goes on where its chunks are', () => {
    expect(decideRetry(FAILED)).toEqual({ from: 'PARTITIONED' });
    expect(decideRetry({ ...FAILED, failed: 0 })).toEqual({ from: 'PARTITIONED' });
  });

  it('that failed before it had chunks starts over', () => {
    expect(decideRetry({ ...FAILED, isPartitioned: false })).toEqual({ from: 'STARTED' });
  });

  it('that is complete is run again for its failed chunks only', () => {
    const complete = { ...FAILED, state: 'COMPLETE' } as const;
    expect(decideRetry(complete)).toEqual({ from: 'PARTITIONED' });
    expect(decideRetry({ ...complete, failed: 0 })).toEqual({
      refusal: 'job is complete and has no failed chunks',
    });
  });

  it('whose data is gone cannot be run again', () => {
    expect(decideRetry({ ...FAILED, isDataKept: false })).toEqual({
      refusal: 'job data has expired',
    });
  });

  it.each(JOB_STATES.filter((state) => state !== 'COMPLETE' && state !== 'FAILED'))(
    'in %s is not run again',
    (state) => {
      expect(decideRetry({ ...FAILED, state })).toHaveProperty('refusal');
    },
  );
});
