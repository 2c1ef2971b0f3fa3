import {
  JOB_STATE_PREFIX,
  JOB_STATES,
  type Job,
  type JobState,
  type Task,
} from '@bytenite/contract';

/** What happens in each state, in words. */
const WORDS: Record<JobState, string> = {
  NEW: 'draft',
  STARTED: 'queued',
  UPLOADING: 'fetching the input',
  PARTITIONING: 'partitioning',
  PARTITIONED: 'running tasks',
  TASKS_COMPLETED: 'all tasks done',
  MERGING: 'assembling',
  MERGED: 'assembled',
  DOWNLOADING: 'delivering',
  COMPLETE: 'complete',
  FAILED: 'failed',
};

export function jobState(job: Job): JobState {
  return job.state.slice(JOB_STATE_PREFIX.length) as JobState;
}

export function stateWords(job: Job): string {
  return WORDS[jobState(job)];
}

/** Where a failed job was when it failed; any other job's state. */
export function lastState(job: Job): JobState {
  const passed = JOB_STATES.filter(
    (state) => state !== 'FAILED' && job.stateTimestamps[JOB_STATE_PREFIX + state] !== undefined,
  );
  return jobState(job) === 'FAILED' ? (passed.at(-1) ?? 'STARTED') : jobState(job);
}

/** `chunk 3`, `partitioner`, `assembler`. */
export function taskWords(task: Task): string {
  return task.kind === 'APP' ? `chunk ${task.chunkNumber}` : task.kind.toLowerCase();
}
