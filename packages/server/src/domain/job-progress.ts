/** What the ends of its chunks mean for a job. */
import { toleratedOf } from './tolerance.ts';

export interface ChunkCounts {
  num_chunks: number;
  committed: number;
  /** Finally failed. */
  failed: number;
}

export function haveAllEnded({ num_chunks: all, committed, failed }: ChunkCounts): boolean {
  return committed + failed >= all;
}

/** Whether one chunk more has failed than the job may do without: it fails in that moment. */
export function isBudgetExceeded(counts: ChunkCounts, toleratedFailures: string): boolean {
  return counts.failed > toleratedOf(toleratedFailures, counts.num_chunks);
}
