import { keyOfTask, stagesOf, type TaskKey } from '../../domain/task-id.ts';
import { liveLeases } from '../../store/leases.ts';
import { waitingOf } from '../../store/ready.ts';
import type { Tx } from '../../store/store.ts';

/**
 * Of the tasks whose leases have been taken, those that go on without them: another attempt of theirs runs, or
 * waits already.
 */
export async function tasksGoingOn(
  tx: Tx,
  job: number,
  taken: readonly TaskKey[],
): Promise<Set<string>> {
  const chunks = [...new Set(taken.map(({ chunk }) => chunk))];
  const others: TaskKey[] = await liveLeases(tx, job, chunks);
  for (const { chunks: numbers, ...stage } of stagesOf(taken)) {
    others.push(...(await waitingOf(tx, { job, ...stage }, numbers)));
  }
  return new Set(others.map((other) => keyOfTask(other)));
}
