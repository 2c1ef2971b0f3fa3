import { kindClaimedIn } from '../../domain/job-state.ts';
import { runOf } from '../../domain/task-run.ts';
import { updateJob } from '../../store/jobs.ts';
import { insertLeases } from '../../store/leases.ts';
import { isOrdinary, takeReady, type ReadyClass } from '../../store/ready.ts';
import { lateLeases, type Late } from '../../store/stragglers.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, NewLease } from '../../store/tables.ts';
import { chunkSources, taskSources, type ChunkSource } from '../../store/tasks.ts';

export interface Claim {
  lease: NewLease;
  source: ChunkSource;
}

export interface Claimant {
  runner: string;
  incarnation: string;
  /** Resources that each task of the job takes. */
  cpus: number;
  memoryBytes: number;
  /** What the tasks that it takes ask for beyond that. */
  asks: ReadyClass;
  newLeaseId: () => string;
  now: number;
  leaseMs: number;
}

/** Leases up to `limit` tasks of a locked job: those that waited first, then chunks never claimed. */
export async function claimTasks(
  tx: Tx,
  job: JobRow,
  claimant: Claimant,
  limit: number,
): Promise<Claim[]> {
  const kind = kindClaimedIn(job.state);
  if (kind === null || limit <= 0) return [];
  const run = runOf(job, kind);
  const { asks } = claimant;
  const waiting = await takeReady(tx, { job: job.no, kind, run, ...asks }, claimant.now, limit);
  const attempts = new Map(waiting.map((row) => [row.chunk, row.attempt]));
  const sources =
    waiting.length === 0 ? [] : await taskSources(tx, job.no, kind, run, [...attempts.keys()]);
  if (kind === 'APP' && isOrdinary(asks))
    sources.push(...(await takeFromCursor(tx, job, limit - waiting.length)));
  const claims = sources.map((source) => ({
    source,
    lease: newLease(job, claimant, source, attempts.get(source.chunk) ?? 1),
  }));
  await insertLeases(
    tx,
    claims.map(({ lease }) => lease),
  );
  return claims;
}

/** Leases up to `limit` late tasks of a locked job once more, beside the attempts that run. */
export async function claimSecondAttempts(
  tx: Tx,
  job: JobRow,
  claimant: Claimant,
  late: Late,
  limit: number,
): Promise<Claim[]> {
  const running = await lateLeases(tx, job.no, late, limit);
  if (running.length === 0) return [];
  const attempts = new Map(running.map(({ chunk, attempt }) => [chunk, attempt + 1]));
  const sources = await taskSources(tx, job.no, 'APP', runOf(job, 'APP'), [...attempts.keys()]);
  const claims = sources.map((source) => ({
    source,
    lease: newLease(job, claimant, source, attempts.get(source.chunk) ?? 2),
  }));
  await insertLeases(
    tx,
    claims.map(({ lease }) => lease),
  );
  return claims;
}

async function takeFromCursor(tx: Tx, job: JobRow, wanted: number): Promise<ChunkSource[]> {
  const to = Math.min(job.num_chunks, job.cursor + wanted);
  if (to <= job.cursor) return [];
  await updateJob(tx, job, { cursor: to });
  return chunkSources(tx, job.no, { from: job.cursor, to });
}

function newLease(job: JobRow, claimant: Claimant, source: ChunkSource, attempt: number): NewLease {
  return {
    id: claimant.newLeaseId(),
    job: job.no,
    kind: source.kind,
    run: source.run,
    chunk: source.chunk,
    attempt,
    runner: claimant.runner,
    incarnation: claimant.incarnation,
    account: job.account,
    phase: 'ASSIGNED',
    cpus: claimant.cpus,
    memory_bytes: claimant.memoryBytes,
    assigned_at: claimant.now,
    received_at: null,
    started_at: null,
    deadline_at: claimant.now + claimant.leaseMs,
    limit_at: null,
    raised_bytes: claimant.asks.memoryBytes,
    alone: claimant.asks.alone,
  };
}
