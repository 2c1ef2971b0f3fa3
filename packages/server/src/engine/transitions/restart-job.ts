import type { JobState } from '@bytenite/contract';
import type { Updateable } from 'kysely';
import { mayRestart } from '../../domain/job-state.ts';
import { updateJob } from '../../store/jobs.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, JobTable } from '../../store/tables.ts';
import { recordJobEvent } from './enter-state.ts';

/**
 * Takes a locked job that has ended into its next run. Leases, steps and ready rows of the run before went
 * with its end, so nothing of it can come back; its engine tasks, outputs and prices stay as they are.
 */
export async function restartJob(
  tx: Tx,
  job: JobRow,
  state: 'STARTED' | 'PARTITIONED',
  now: number,
  patch: Updateable<JobTable>,
): Promise<JobRow> {
  if (!mayRestart(job.state)) throw new Error(`job ${job.no} cannot be run again in ${job.state}`);
  const next = await updateJob(tx, job, {
    ...patch,
    state,
    run: job.run + 1,
    state_times: JSON.stringify(timesUpTo(job, state, now)),
    submitted_at: now,
    ended_at: null,
    failure_reason: 'NONE',
    error_message: '',
  });
  if (next === undefined) throw new Error(`job ${job.no} left ${job.state} under its lock`);
  await recordJobEvent(tx, next, now);
  return next;
}

/** States that the next run has not come to have no time yet. */
function timesUpTo(job: JobRow, state: 'STARTED' | 'PARTITIONED', now: number) {
  const times = JSON.parse(job.state_times) as Partial<Record<JobState, number>>;
  const { NEW, STARTED, UPLOADING, PARTITIONING } = times;
  return state === 'STARTED'
    ? { NEW, STARTED: now }
    : { NEW, STARTED, UPLOADING, PARTITIONING, PARTITIONED: now };
}
