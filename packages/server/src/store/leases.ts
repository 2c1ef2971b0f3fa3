import type { LeasePhase, TaskKind } from '@bytenite/contract';
import { sql } from 'kysely';
import { locksRows } from './dialect.ts';
import { overRows } from './over-rows.ts';
import type { Db, Tx } from './store.ts';
import type { LeaseRow, NewLease } from './tables.ts';

export async function insertLeases(tx: Tx, leases: readonly NewLease[]): Promise<void> {
  await insertAll(tx, leases, {});
}

const insertAll = overRows((tx, leases: readonly NewLease[]) =>
  tx.insertInto('lease').values([...leases]),
);

/** The fence: only a lease that still exists, of this runner, lets its report have an effect. */
export function takeLeases(
  tx: Tx,
  job: number,
  runner: string,
  ids: readonly string[],
): Promise<LeaseRow[]> {
  return takeByIds(
    tx,
    ids.map((id) => ({ id })),
    { job, runner },
  );
}

const takeByIds = overRows(
  (tx, leases: readonly { id: string }[], shared: { job: number; runner: string }) =>
    tx
      .deleteFrom('lease')
      .where(
        'id',
        'in',
        leases.map(({ id }) => id),
      )
      .where('job', '=', shared.job)
      .where('runner', '=', shared.runner)
      .returningAll(),
);

/** Leases of tasks that have just been committed by another attempt. */
export function takeSiblings(
  tx: Tx,
  job: number,
  kind: TaskKind,
  run: number,
  chunks: readonly number[],
): Promise<LeaseRow[]> {
  return takeByChunks(
    tx,
    chunks.map((chunk) => ({ chunk })),
    { job, kind, run },
  );
}

const takeByChunks = overRows(
  (
    tx,
    leases: readonly { chunk: number }[],
    shared: { job: number; kind: TaskKind; run: number },
  ) =>
    tx
      .deleteFrom('lease')
      .where('job', '=', shared.job)
      .where('kind', '=', shared.kind)
      .where('run', '=', shared.run)
      .where(
        'chunk',
        'in',
        leases.map(({ chunk }) => chunk),
      )
      .returningAll(),
);

/** All leases of a job that ends. */
export async function takeJobLeases(tx: Tx, job: number): Promise<LeaseRow[]> {
  return tx.deleteFrom('lease').where('job', '=', job).returningAll().execute();
}

/** Those of a job that are still due when looked at under its lock. */
export async function takeDueLeases(tx: Tx, job: number, now: number): Promise<LeaseRow[]> {
  return tx
    .deleteFrom('lease')
    .where('job', '=', job)
    .where('deadline_at', '<=', now)
    .returningAll()
    .execute();
}

/** Leases of an older incarnation of a runner, of one job. */
export async function takeStaleLeases(
  tx: Tx,
  job: number,
  runner: string,
  incarnation: string,
): Promise<LeaseRow[]> {
  return tx
    .deleteFrom('lease')
    .where('job', '=', job)
    .where('runner', '=', runner)
    .where('incarnation', '!=', incarnation)
    .returningAll()
    .execute();
}

export async function hasSibling(
  db: Db,
  lease: Pick<LeaseRow, 'job' | 'kind' | 'run' | 'chunk'>,
): Promise<boolean> {
  const row = await db
    .selectFrom('lease')
    .select('id')
    .where('job', '=', lease.job)
    .where('chunk', '=', lease.chunk)
    .where('kind', '=', lease.kind)
    .where('run', '=', lease.run)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether a runner holds any task, of whatever incarnation. */
export async function holdsLeases(db: Db, runner: string): Promise<boolean> {
  const query = db.selectFrom('lease').select('id').where('runner', '=', runner);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}

/** Whether a runner has a task that it must have nothing else beside; asked for in each exchange. */
export async function runsAlone(db: Db, runner: string): Promise<boolean> {
  const query = db.selectFrom('lease').select('id').where('runner', '=', runner);
  return (await query.where('alone', '=', sql.lit(1)).limit(1).executeTakeFirst()) !== undefined;
}

/** Jobs of the leases that are longest overdue, ascending; at most `limit` leases are looked at. */
export async function jobsWithDueLeases(db: Db, now: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('lease')
    .select('job')
    .where('deadline_at', '<=', now)
    .orderBy('deadline_at')
    .limit(limit)
    .execute();
  return [...new Set(rows.map((row) => row.job))].toSorted((a, b) => a - b);
}

export async function jobsWithStaleLeases(
  db: Db,
  runner: string,
  incarnation: string,
): Promise<number[]> {
  const rows = await db
    .selectFrom('lease')
    .select('job')
    .distinct()
    .where('runner', '=', runner)
    .where('incarnation', '!=', incarnation)
    .execute();
  return rows.map((row) => row.job).toSorted((a, b) => a - b);
}

export async function findLease(db: Db, id: string): Promise<LeaseRow | undefined> {
  return db.selectFrom('lease').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Of two attempts of one task the first comes first. */
export async function liveLeases(
  db: Db,
  job: number,
  chunks?: readonly number[],
): Promise<LeaseRow[]> {
  const query = db.selectFrom('lease').selectAll().where('job', '=', job).orderBy('attempt');
  return (chunks === undefined ? query : query.where('chunk', 'in', chunks)).execute();
}

/**
 * One statement for the leases that a runner names; none outlives its own limit. A lease that its runner
 * never heard of (the reply was lost) is not renewed, so that it runs out.
 */
export async function renewLeases(
  tx: Tx,
  runner: string,
  incarnation: string,
  ids: readonly string[],
  deadline: number,
): Promise<void> {
  const free = locksRows(tx) ? await lockFreeLeases(tx, ids) : ids;
  if (free.length === 0) return;
  await tx
    .updateTable('lease')
    .set((e) => ({
      deadline_at: e
        .case()
        .when('limit_at', '<', deadline)
        .then(e.ref('limit_at'))
        .else(deadline)
        .end()
        .$castTo<number>(),
    }))
    .where('id', 'in', free)
    .where('runner', '=', runner)
    .where('incarnation', '=', incarnation)
    .execute();
}

async function lockFreeLeases(tx: Tx, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await freeLeases(tx).where('id', 'in', ids).execute();
  return rows.map(({ id }) => id);
}

/**
 * Who renews leases has no lock of their jobs, so it must not wait for one that another transaction has: that
 * one ends or renews the lease itself.
 */
function freeLeases(tx: Tx) {
  return tx.selectFrom('lease').select('id').forUpdate().skipLocked();
}

/** Which of these leases this incarnation still holds. */
export async function heldLeases(
  db: Db,
  runner: string,
  incarnation: string,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('lease')
    .select('id')
    .where('id', 'in', ids)
    .where('runner', '=', runner)
    .where('incarnation', '=', incarnation)
    .execute();
  return new Set(rows.map((row) => row.id));
}

export async function updatePhase(
  tx: Tx,
  runner: string,
  lease: string,
  patch: {
    phase: LeasePhase;
    received_at: number | null;
    started_at: number | null;
    limit_at: number | null;
  },
): Promise<LeaseRow | undefined> {
  return tx
    .updateTable('lease')
    .set(patch)
    .where('id', '=', lease)
    .where('runner', '=', runner)
    .returningAll()
    .executeTakeFirst();
}

/**
 * After a gap in time nothing may expire that could not be renewed meanwhile; after a clock that was set
 * back nothing may live until its old hour comes again.
 */
export async function extendAllLeases(tx: Tx, deadline: number): Promise<void> {
  await tx
    .updateTable('lease')
    .set({ deadline_at: deadline })
    .$if(locksRows(tx), (query) => query.where('id', 'in', freeLeases(tx)))
    .execute();
}

/** Live leases by state of the wire, for one job. */
export async function countPhases(
  db: Db,
  jobs: readonly number[],
): Promise<{ job: number; kind: TaskKind; phase: LeasePhase; count: number }[]> {
  if (jobs.length === 0) return [];
  const rows = await db
    .selectFrom('lease')
    .select((e) => ['job', 'kind', 'phase', e.fn.countAll<number>().as('count')] as const)
    .where('job', 'in', jobs)
    // Of two attempts of one chunk the first is its state.
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('lease as first')
            .select('first.id')
            .whereRef('first.job', '=', 'lease.job')
            .whereRef('first.chunk', '=', 'lease.chunk')
            .whereRef('first.kind', '=', 'lease.kind')
            .whereRef('first.run', '=', 'lease.run')
            .whereRef('first.attempt', '<', 'lease.attempt'),
        ),
      ),
    )
    .groupBy(['job', 'kind', 'phase'])
    .execute();
  return rows;
}

/** The jobs that leases belong to; those that are gone are left out. */
export async function jobsOfLeases(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('lease').select(['id', 'job']).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, row.job]));
}
