import type { JobState } from '@bytenite/contract';
import type { Updateable } from 'kysely';
import { mayFollow } from '../../domain/job-state.ts';
import { updateJob } from '../../store/jobs.ts';
import { insertEvents } from '../../store/records.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, JobTable } from '../../store/tables.ts';

/** Moves a locked job to the next state and records it; any other move is a bug. */
export async function enterState(
  tx: Tx,
  job: JobRow,
  state: JobState,
  asked: number,
  patch: Updateable<JobTable> = {},
): Promise<JobRow> {
  if (!mayFollow(job.state, state)) throw new Error(`job ${job.no}: ${job.state} -> ${state}`);
  const times = timesOf(job);
  const now = notBefore(job, asked);
  const next = await updateJob(tx, job, {
    ...patch,
    state,
    state_times: JSON.stringify({ ...times, [state]: now }),
  });
  if (next === undefined) throw new Error(`job ${job.no} left ${job.state} under its lock`);
  await recordJobEvent(tx, next, now);
  return next;
}

/** Servers do not agree to the millisecond: a job's times go forward whoever writes the next one. */
export function notBefore(job: JobRow, now: number): number {
  return Math.max(now, ...Object.values(timesOf(job)));
}

function timesOf(job: JobRow): Partial<Record<JobState, number>> {
  return JSON.parse(job.state_times) as Partial<Record<JobState, number>>;
}

/** Watchers look the job up; the event only says that it changed, and to which state. */
export async function recordJobEvent(tx: Tx, job: JobRow, now: number): Promise<void> {
  await insertEvents(tx, [
    {
      account: job.account,
      job: job.no,
      at: now,
      type: 'job',
      body: JSON.stringify({ state: job.state, run: job.run }),
    },
  ]);
}
