import type { TaskKind } from '@bytenite/contract';
import { priceOf } from '../../domain/price.ts';
import type { LeaseRow } from '../../store/tables.ts';
import { componentOf, type JobPolicy } from '../job-policy.ts';

/** Price of a run of the user's process, in 1e-8 ByteChips; a test job costs nothing. */
export function priceOfRun(
  policy: JobPolicy,
  kind: TaskKind,
  startedAt: number | null,
  endedAt: number,
): number {
  if (startedAt === null || policy.config.isTestJob) return 0;
  const { cpus, memoryGiB } = componentOf(policy, kind);
  return priceOf(cpus, memoryGiB, endedAt - startedAt);
}

/** Price of an attempt that is cut off now. */
export function priceOfLease(policy: JobPolicy, lease: LeaseRow, now: number): number {
  return priceOfRun(policy, lease.kind, lease.started_at, now);
}
