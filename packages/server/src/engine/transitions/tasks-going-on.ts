import { liveLeases } from '../../store/leases.ts';
import { waitingOf } from '../../store/ready.ts';
import type { TaskKey } from '../../domain/task-id.ts';
import type { Tx } from '../../store/store.ts';
import type { LeaseRow } from '../../store/tables.ts';
import { groupBy } from '../group-by.ts';

/** Tells the tasks of one job apart. */
export function keyOfTask({ kind, run, chunk }: TaskKey): string {
  return `${kind}/${run}/${chunk}`;
}

/**
 * Of the tasks whose leases have been taken, those that go on without them: another attempt of theirs runs, or
 * waits already.
 */
export async function tasksGoingOn(
  tx: Tx,
  job: number,
  taken: readonly Pick<LeaseRow, 'kind' | 'run' | 'chunk'>[],
): Promise<Set<string>> {
  const chunks = [...new Set(taken.map(({ chunk }) => chunk))];
  const others: TaskKey[] = await liveLeases(tx, job, chunks);
  for (const stage of groupBy(taken, ({ kind, run }) => `${kind}/${run}`).values()) {
    const [{ kind, run }] = stage as [TaskKey];
    const numbers = stage.map(({ chunk }) => chunk);
    others.push(...(await waitingOf(tx, { job, kind, run }, numbers)));
  }
  return new Set(others.map((other) => keyOfTask(other)));
}
