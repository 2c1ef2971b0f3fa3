import type { LeasePhase, TaskKind } from '@bytenite/contract';
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import { locksRows, traitsOf } from './dialect.ts';
import { overRows } from './over-rows.ts';
import type { Db, Tx } from './store.ts';
import type { LeaseRow, NewLease, Tables } from './tables.ts';

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

/**
 * Leases that are ended in one transaction: nobody else can write meanwhile, and a runner that is lost may have
 * had thousands.
 */
export const LEASES_AT_ONCE = 200;

/** Those of a job that are still due when they are taken, at most so many, later attempts first. */
export async function takeDueLeases(tx: Tx, job: number, now: number): Promise<LeaseRow[]> {
  return takeSome(tx, (e) => e.and([e('job', '=', job), e('deadline_at', '<=', now)]));
}

/** Leases of older incarnations of a runner, of one job; at most so many, later attempts first. */
export async function takeStaleLeases(
  tx: Tx,
  job: number,
  runner: string,
  incarnation: string,
): Promise<LeaseRow[]> {
  return takeSome(tx, (e) =>
    e.and([e('job', '=', job), e('runner', '=', runner), e('incarnation', '!=', incarnation)]),
  );
}

/**
 * A heartbeat renews without the lock of the job: whoever waited for its row must look at the condition again, so
 * it stands in the DELETE too.
 */
async function takeSome(
  tx: Tx,
  which: (e: ExpressionBuilder<Tables, 'lease'>) => Expression<SqlBool>,
): Promise<LeaseRow[]> {
  const some = tx.selectFrom('lease').select('id').where(which).orderBy('attempt', 'desc');
  return tx
    .deleteFrom('lease')
    .where('id', 'in', some.limit(LEASES_AT_ONCE))
    .where(which)
    .returningAll()
    .execute();
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

/** Those of the named leases that a runner has, of whatever incarnation. */
export async function leasesOfRunner(
  db: Db,
  runner: string,
  ids: readonly string[],
): Promise<LeaseRow[]> {
  if (ids.length === 0) return [];
  const query = db.selectFrom('lease').selectAll().where('id', 'in', anyOf(db, ids));
  return query.where('runner', '=', runner).execute();
}

/** Of two attempts of one task the first comes first. */
export async function liveLeases(
  db: Db,
  job: number,
  chunks?: readonly number[],
): Promise<LeaseRow[]> {
  if (chunks?.length === 0) return [];
  const query = db.selectFrom('lease').selectAll().where('job', '=', job).orderBy('attempt');
  return (chunks === undefined ? query : query.where('chunk', 'in', chunks)).execute();
}

/**
 * One statement for the leases that a runner names; none outlives its own limit. A lease that its runner never
 * heard of (the reply was lost) is not renewed, so that it runs out. Returns those that this incarnation holds.
 */
export async function renewLeases(
  tx: Tx,
  runner: string,
  incarnation: string,
  ids: readonly string[],
  deadline: number,
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const free = locksRows(tx) ? await lockFreeLeases(tx, ids) : ids;
  const renewed = await tx
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
    .where('id', 'in', anyOf(tx, free))
    .where('runner', '=', runner)
    .where('incarnation', '=', incarnation)
    .returning('id')
    .execute();
  const held = new Set(renewed.map(({ id }) => id));
  if (free.length === ids.length) return held;
  // Whoever has the lock of the others may still keep them.
  const others = ids.filter((id) => !held.has(id));
  for (const id of await heldLeases(tx, runner, incarnation, others)) held.add(id);
  return held;
}

async function lockFreeLeases(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await freeLeases(tx).where('id', 'in', anyOf(tx, ids)).execute();
  return rows.map(({ id }) => id);
}

/**
 * Who renews leases has no lock of their jobs, so it must not wait for one that another transaction has: that
 * one ends or renews the lease itself.
 */
function freeLeases(tx: Tx) {
  return tx.selectFrom('lease').select('id').forUpdate().skipLocked();
}

/** Which of these leases an incarnation holds. */
async function heldLeases(
  db: Db,
  runner: string,
  incarnation: string,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await db
    .selectFrom('lease')
    .select('id')
    .where('id', 'in', anyOf(db, ids))
    .where('runner', '=', runner)
    .where('incarnation', '=', incarnation)
    .execute();
  return rows.map(({ id }) => id);
}

function anyOf(db: Db, ids: readonly string[]) {
  return traitsOf(db).anyOf(ids);
}

/** What a runner tells of a lease. */
export type PhasePatch = Pick<LeaseRow, 'id' | 'phase' | 'received_at' | 'started_at' | 'limit_at'>;

/**
 * One statement with one parameter for all; leases that are gone stay gone. By nothing but the id, so that each
 * is looked up once: whose leases they are was looked at under the lock of their job.
 */
export async function updatePhases(tx: Tx, patches: readonly PhasePatch[]): Promise<void> {
  if (patches.length === 0) return;
  const rows = patches.map((patch) => [
    patch.id,
    patch.phase,
    patch.received_at,
    patch.started_at,
    patch.limit_at,
  ]);
  const { from, text, int } = traitsOf(tx).jsonRows(JSON.stringify(rows));
  await sql`update lease
    set phase = ${text(1)}, received_at = ${int(2)}, started_at = ${int(3)}, limit_at = ${int(4)}
    from ${from} where lease.id = ${text(0)}`.execute(tx);
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
  const query = db.selectFrom('lease').select(['id', 'job']);
  const rows = await query.where('id', 'in', anyOf(db, ids)).execute();
  return new Map(rows.map((row) => [row.id, row.job]));
}
