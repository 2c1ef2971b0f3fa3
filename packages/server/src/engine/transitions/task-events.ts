import { stagesOf, type TaskKey } from '../../domain/task-id.ts';
import type { NewEvent } from '../../store/records.ts';
import type { JobRow } from '../../store/tables.ts';

/** One event for the tasks of each kind and run; `news` is what has become of them, where that is one thing. */
export function taskEvents(
  job: Pick<JobRow, 'no' | 'account'>,
  tasks: readonly TaskKey[],
  at: number,
  news: object = {},
): NewEvent[] {
  return stagesOf(tasks).map((stage) => ({
    account: job.account,
    job: job.no,
    at,
    type: 'task',
    body: JSON.stringify({ ...stage, ...news }),
  }));
}
