import type { TaskKind } from '@bytenite/contract';
import { insertReady } from '../../store/ready.ts';
import type { Tx } from '../../store/store.ts';
import { insertTasks } from '../../store/tasks.ts';
import type { StepRun } from './step.ts';

/** The one task of a partitioner or assembler, ready to be claimed; its input is an index of files. */
export async function insertEngineTask(
  { ctx, job }: StepRun,
  tx: Tx,
  kind: Exclude<TaskKind, 'APP'>,
  index: { key: string; size: number },
  now: number,
): Promise<void> {
  const place = { job: job.no, kind, run: job.run };
  const task = { chunk: 0, name: '', key: index.key, offset: 0, length: index.size };
  await insertTasks(tx, ctx.store.dialect, { ...place, createdAt: now, tasks: [task] });
  await insertReady(tx, [{ ...place, chunk: 0, attempt: 1, ready_at: now }]);
}
