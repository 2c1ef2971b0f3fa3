import { expect, it } from 'vitest';
import { decideRunnerState, type RunnerFacts } from './runner-state.ts';

const FACTS: RunnerFacts = {
  lastSeenAt: 100_000,
  tasks: 1,
  draining: false,
  drainReason: '',
  revokedAt: null,
};
const stateOf = (facts: Partial<RunnerFacts>, now = 100_000) => {
  const { state, reason } = decideRunnerState({ ...FACTS, ...facts }, now, 15_000);
  return `${state}: ${reason}`;
};

it('a runner is ready, drains until it holds nothing, and is lost after a lease of silence', () => {
  expect(stateOf({})).toBe('READY: ');
  expect(stateOf({ draining: true })).toBe('DRAINING: drained by an administrator');
  expect(stateOf({ draining: true, tasks: 0, drainReason: 'new disk' })).toBe('DRAINED: new disk');
  expect(stateOf({}, 115_000)).toBe('READY: ');
  expect(stateOf({}, 115_001)).toBe('LOST: not heard of for 15 s');
  expect(stateOf({ draining: true, drainReason: 'new disk' }, 130_000)).toBe(
    'LOST: not heard of for 30 s; new disk',
  );
  expect(stateOf({ revokedAt: 1 })).toBe('LOST: its token was revoked');
});
