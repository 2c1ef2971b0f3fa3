/**
 * A job passes through the contract's states in their order. NEW is a draft; STARTED waits for its first
 * step; UPLOADING, DOWNLOADING and TASKS_COMPLETED are work of the server; PARTITIONING, PARTITIONED and
 * MERGING wait for tasks (PARTITIONING also while chunks are being recorded). Any state after NEW may
 * fail. COMPLETE and FAILED are left only by a retry, which goes back to STARTED or to PARTITIONED in a
 * new run.
 */
import { JOB_STATES, type JobState, type TaskKind } from '@bytenite/contract';

const ORDER: readonly JobState[] = JOB_STATES.filter((state) => state !== 'FAILED');

export function isTerminal(state: JobState): boolean {
  return state === 'COMPLETE' || state === 'FAILED';
}

/** Started and not ended. */
export function isRunning(state: JobState): boolean {
  return state !== 'NEW' && !isTerminal(state);
}

export function mayFollow(from: JobState, to: JobState): boolean {
  if (to === 'FAILED') return isRunning(from);
  const place = ORDER.indexOf(from);
  return place >= 0 && ORDER[place + 1] === to;
}

/** Whether a job may be taken into another run. */
export function mayRestart(from: JobState): boolean {
  return isTerminal(from);
}

/** States in which tasks are claimed, with the kind of their tasks. */
export const CLAIMING_STATES = {
  PARTITIONING: 'PARTITIONER',
  PARTITIONED: 'APP',
  MERGING: 'ASSEMBLER',
} as const satisfies Partial<Record<JobState, TaskKind>>;

export function kindClaimedIn(state: JobState): TaskKind | null {
  return (CLAIMING_STATES as Partial<Record<JobState, TaskKind>>)[state] ?? null;
}
