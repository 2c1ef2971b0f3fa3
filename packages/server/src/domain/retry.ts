/** Whether an ended job can be run again, and from where. */
import type { JobState } from '@bytenite/contract';
import { isTerminal } from './job-state.ts';

export interface EndedJob {
  state: JobState;
  /** Chunks that finally failed. */
  failed: number;
  isPartitioned: boolean;
  isDataKept: boolean;
}

export type RetryDecision = { from: 'STARTED' | 'PARTITIONED' } | { refusal: string };

/**
 * What is committed stays, so a job goes on where its chunks are; one that never had chunks starts over.
 */
export function decideRetry(job: EndedJob): RetryDecision {
  if (job.state === 'NEW') return { refusal: 'job has not been started' };
  if (!isTerminal(job.state)) return { refusal: 'job has not ended yet' };
  if (job.state === 'COMPLETE' && job.failed === 0) {
    return { refusal: 'job is complete and has no failed chunks' };
  }
  if (!job.isDataKept) return { refusal: 'job data has expired' };
  return { from: job.isPartitioned ? 'PARTITIONED' : 'STARTED' };
}
