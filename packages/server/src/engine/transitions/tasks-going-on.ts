import type { TaskKind } from '@bytenite/contract';
import { liveLeases } from '../../store/leases.ts';
import { waitingOf } from '../../store/ready.ts';
import type { Tx } from '../../store/store.ts';
import type { LeaseRow } from '../../store/tables.ts';

/** Tells the tasks of one job apart. */
export function keyOfTask({ kind, run, chunk }: { kind: TaskKind; run: number; chunk: number }) {
  return `${kind}/${run}/${chunk}`;
}

/**
 * Of the tasks whose leases have been taken, those that go on without them: another attempt of theirs runs, or
 * waits already.
 */
export async function tasksGoingOn(
  tx: Tx,
  job: number,
  taken: readonly Pick<LeaseRow, 'chunk'>[],
): Promise<Set<string>> {
  const chunks = [...new Set(taken.map(({ chunk }) => chunk))];
  const others = [...(await liveLeases(tx, job, chunks)), ...(await waitingOf(tx, job, chunks))];
  return new Set(others.map((other) => keyOfTask(other)));
}
