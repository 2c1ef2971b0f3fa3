import type { Job } from '@bytenite/contract';
import { describe, expect, it } from 'vitest';
import { phasesOf, phaseWords, progressWords, RateMeter } from './progress.ts';

function job(state: string, more: Partial<Job> = {}): Job {
  return {
    state: `JOB_STATE_${state}`,
    numChunks: 0,
    taskCounts: {},
    stateTimestamps: {},
    waitingReason: '',
    ...more,
  } as Job;
}

function marks(of: Job): string {
  return phasesOf(of)
    .map(({ name, status }) => `${name}:${status}`)
    .join(' ');
}

describe('phases', () => {
  it('follow the states', () => {
    expect(marks(job('STARTED'))).toMatch(/^input:active partition:ahead/);
    expect(marks(job('PARTITIONED'))).toBe(
      'input:done partition:done tasks:active assemble:ahead deliver:ahead',
    );
    expect(marks(job('COMPLETE'))).not.toMatch(/active|ahead/);
  });

  it('of a failed job show where it failed', () => {
    const stateTimestamps = { JOB_STATE_STARTED: 'x', JOB_STATE_PARTITIONING: 'x' };
    expect(marks(job('FAILED', { stateTimestamps }))).toBe(
      'input:done partition:failed tasks:ahead assemble:ahead deliver:ahead',
    );
  });
});

describe('words', () => {
  const taskCounts = { TASK_STATE_COMPLETED: 30, TASK_STATE_RUNNING: 2, TASK_STATE_FAILED: 1 };

  it('count tasks while they run, with rate and remaining time', () => {
    const running = job('PARTITIONED', { numChunks: 131, taskCounts });
    expect(progressWords(running, 10)).toBe(
      'running tasks, 30/131 done, 2 running, 1 failed, 10/s, ETA 10 s',
    );
  });

  it('say why nothing runs', () => {
    const waiting = job('STARTED', { waitingReason: 'no runner' });
    expect(progressWords(waiting, undefined)).toBe('queued, waiting: no runner');
  });
});

describe('the live line', () => {
  const taskCounts = { TASK_STATE_COMPLETED: 8, TASK_STATE_RUNNING: 4 };
  const running = job('PARTITIONED', { numChunks: 22, taskCounts });

  it('names all phases where there is room', () => {
    expect(phaseWords(running, 5.3, '*', 100)).toBe(
      '✓ input  ✓ partition  * tasks 8/22 done, 4 running  · assemble  · deliver   5.3/s, ETA 2.6 s',
    );
  });

  it('keeps counts, rate and ETA on a terminal of 80 columns', () => {
    expect(phaseWords(running, 5.3, '*', 79)).toBe(
      '✓  ✓  * tasks 8/22 done, 4 running  ·  ·   5.3/s, ETA 2.6 s',
    );
  });
});

describe('the rate', () => {
  it('is unknown until something is done', () => {
    const meter = new RateMeter();
    expect(meter.rate()).toBeUndefined();
    meter.add(0, 5);
    meter.add(1000, 5);
    expect(meter.rate()).toBeUndefined();
    meter.add(2000, 25);
    expect(meter.rate()).toBe(10);
  });

  it('forgets how it was long ago', () => {
    const meter = new RateMeter();
    for (let second = 0; second <= 60; second += 1) {
      meter.add(second * 1000, second < 30 ? second * 100 : 3000 + (second - 30));
    }
    expect(meter.rate()).toBeCloseTo(1);
  });
});
