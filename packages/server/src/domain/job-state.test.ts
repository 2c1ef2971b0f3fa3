import { JOB_STATES, TERMINAL_JOB_STATES, type JobState } from '@bytenite/contract';
import { describe, expect, it } from 'vitest';
import { isRunning, isTerminal, kindClaimedIn, mayFollow } from './job-state.ts';

/** The contract's order, written out: the test must not share the list it checks. */
const STRAIGHT_LINE: JobState[] = [
  'NEW',
  'STARTED',
  'UPLOADING',
  'PARTITIONING',
  'PARTITIONED',
  'TASKS_COMPLETED',
  'MERGING',
  'MERGED',
  'DOWNLOADING',
  'COMPLETE',
];

const pairs = JOB_STATES.flatMap((from) => JOB_STATES.map((to) => ({ from, to })));

describe('the order of job states', () => {
  it.each(pairs)('$from -> $to follows the contract', ({ from, to }) => {
    const isNext = STRAIGHT_LINE.indexOf(to) === STRAIGHT_LINE.indexOf(from) + 1;
    const fails = to === 'FAILED' && !['NEW', 'COMPLETE', 'FAILED'].includes(from);
    expect(mayFollow(from, to)).toBe((from !== 'FAILED' && to !== 'FAILED' && isNext) || fails);
  });

  it('ends in the two terminal states, which nothing leaves', () => {
    expect(JOB_STATES.filter((state) => isTerminal(state))).toEqual(TERMINAL_JOB_STATES);
    for (const from of TERMINAL_JOB_STATES) {
      expect(JOB_STATES.some((to) => mayFollow(from, to))).toBe(false);
    }
  });

  it('has each state as draft, running or ended', () => {
    for (const state of JOB_STATES) {
      expect([state === 'NEW', isRunning(state), isTerminal(state)].filter(Boolean)).toHaveLength(
        1,
      );
    }
  });
});

it('hands out partitioner, app and assembler tasks each in one state only', () => {
  const claimed = JOB_STATES.flatMap((state) => kindClaimedIn(state) ?? []);
  expect(claimed).toEqual(['PARTITIONER', 'APP', 'ASSEMBLER']);
  expect(kindClaimedIn('PARTITIONED')).toBe('APP');
});
