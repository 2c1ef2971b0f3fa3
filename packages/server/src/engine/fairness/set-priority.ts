import type { JobConfigInput } from '@bytenite/contract';
import { updateJob } from '../../store/jobs.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';

/** Gives a locked job the priority that came with a config, if one did; `UNDEFINED` asks for none. */
export async function setPriority(
  tx: Tx,
  job: JobRow,
  { priority }: JobConfigInput,
): Promise<JobRow> {
  if (priority === undefined || priority === 'UNDEFINED') return job;
  const changed = await updateJob(tx, job, { priority });
  if (changed === undefined) throw new Error(`job ${job.no} left ${job.state} under its lock`);
  return changed;
}
