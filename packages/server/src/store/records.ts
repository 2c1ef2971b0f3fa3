/** Events, log packs, outputs, uploads, pins and garbage: what is written beside the state. */
import type { Insertable } from 'kysely';
import { locksRows, traitsOf } from './dialect.ts';
import type { Db, Tx } from './store.ts';
import type { EventTable, LogPackTable, OutputTable, PinTable, UploadTable } from './tables.ts';

export type NewEvent = Insertable<EventTable>;

export async function insertEvents(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx
    .insertInto('event')
    .values([...events])
    .execute();
}

export type EventRow = { id: number } & Omit<EventTable, 'id'>;

/** Events of an account after an id, in order; of one job when given. */
export async function eventsAfter(
  db: Db,
  query: { account: string; afterId: number; job: number | null; limit: number },
): Promise<EventRow[]> {
  let select = db
    .selectFrom('event')
    .selectAll()
    .where('id', '>', query.afterId)
    .where('account', '=', query.account)
    .where(traitsOf(db).isSettled());
  if (query.job !== null) select = select.where('job', '=', query.job);
  return select.orderBy('id').limit(query.limit).execute();
}

/** Ids of the oldest and newest event that can be read; zeros when there is none. */
export async function eventBounds(db: Db): Promise<{ first: number; last: number }> {
  const row = await db
    .selectFrom('event')
    .select((e) => [e.fn.min('id').as('first'), e.fn.max('id').as('last')])
    .where(traitsOf(db).isSettled())
    .executeTakeFirst();
  return { first: row?.first ?? 0, last: row?.last ?? 0 };
}

/** Forgets events, but never the newest: it tells a watcher that comes back whether it missed any. */
export async function deleteEventsBefore(db: Db, at: number, limit: number): Promise<number> {
  const newest = await db
    .selectFrom('event')
    .select((e) => e.fn.max('id').as('id'))
    .executeTakeFirst();
  const last = newest?.id ?? 0;
  const old = db.selectFrom('event').select('id').where('at', '<', at).where('id', '<', last);
  const result = await db
    .deleteFrom('event')
    .where('id', 'in', old.limit(limit))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

export async function insertLogPack(tx: Tx, pack: Omit<LogPackTable, 'n'>): Promise<void> {
  await tx
    .insertInto('log_pack')
    .values((e) => ({
      ...pack,
      n: e
        .selectFrom('log_pack')
        .select((s) => s(s.fn.coalesce(s.fn.max('n'), s.lit(0)), '+', s.lit(1)).as('n'))
        .where('job', '=', pack.job),
    }))
    .execute();
}

export interface LogPackQuery {
  job: number;
  kinds: number;
  levels: number;
  chunks: readonly number[] | null;
  since: number | null;
  until: number | null;
}

/** Packs that may hold wanted lines, the newest first. */
export async function logPacks(db: Db, query: LogPackQuery): Promise<LogPackTable[]> {
  const rows = await selectLogPacks(db, query).orderBy('n', 'desc').execute();
  return rows.filter((row) => mayHold(row, query));
}

/** Whether a pack has lines of a wanted kind, and of a wanted level. */
export function mayHold(
  pack: Pick<LogPackTable, 'kinds' | 'levels'>,
  { kinds, levels }: Pick<LogPackQuery, 'kinds' | 'levels'>,
): boolean {
  return (pack.kinds & kinds) !== 0 && (pack.levels & levels) !== 0;
}

/** The same from a number on, the oldest first, and also those without a wanted kind or level. */
export async function logPacksFrom(
  db: Db,
  query: LogPackQuery,
  n: number,
  limit: number,
): Promise<LogPackTable[]> {
  return selectLogPacks(db, query).where('n', '>=', n).orderBy('n').limit(limit).execute();
}

function selectLogPacks(db: Db, query: LogPackQuery) {
  let select = db.selectFrom('log_pack').selectAll().where('job', '=', query.job);
  if (query.since !== null) select = select.where('to_at', '>=', query.since);
  if (query.until !== null) select = select.where('from_at', '<=', query.until);
  if (query.chunks !== null) {
    select = select
      .where('chunk_to', '>=', Math.min(...query.chunks))
      .where('chunk_from', '<=', Math.max(...query.chunks));
  }
  return select;
}

export async function insertOutputs(tx: Tx, rows: readonly OutputTable[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insertInto('output')
    .values([...rows])
    .onConflict((c) => c.doNothing())
    .execute();
}

export async function listOutputs(db: Db, job: number, run: number): Promise<OutputTable[]> {
  return db
    .selectFrom('output')
    .selectAll()
    .where('job', '=', job)
    .where('run', '=', run)
    .orderBy('path')
    .execute();
}

export async function findOutput(
  db: Db,
  job: number,
  run: number,
  path: string,
): Promise<OutputTable | undefined> {
  return db
    .selectFrom('output')
    .selectAll()
    .where('job', '=', job)
    .where('run', '=', run)
    .where('path', '=', path)
    .executeTakeFirst();
}

export async function findUpload(db: Db, job: number): Promise<UploadTable | undefined> {
  return db.selectFrom('upload').selectAll().where('job', '=', job).executeTakeFirst();
}

export async function saveUpload(tx: Tx, upload: UploadTable): Promise<void> {
  const { job: _, ...patch } = upload;
  await tx
    .insertInto('upload')
    .values(upload)
    .onConflict((c) => c.column('job').doUpdateSet(patch))
    .execute();
}

export async function insertPins(tx: Tx, pins: readonly PinTable[]): Promise<void> {
  if (pins.length === 0) return;
  await tx
    .insertInto('pin')
    .values([...pins])
    .onConflict((c) => c.doNothing())
    .execute();
}

export async function insertGarbage(db: Db, prefix: string, notBefore: number): Promise<void> {
  await db.insertInto('gc').values({ prefix, not_before: notBefore }).execute();
}

/** Rows in one statement. */
const ROWS_AT_ONCE = 500;

export async function insertGarbageOfAll(
  tx: Tx,
  prefixes: readonly string[],
  notBefore: number,
): Promise<void> {
  for (let i = 0; i < prefixes.length; i += ROWS_AT_ONCE) {
    const rows = prefixes.slice(i, i + ROWS_AT_ONCE);
    await tx
      .insertInto('gc')
      .values(rows.map((prefix) => ({ prefix, not_before: notBefore })))
      .execute();
  }
}

/** Takes keys off the list of what will be deleted: a committed row names them now. */
export async function keepBlobs(tx: Tx, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.deleteFrom('gc').where('prefix', 'in', keys).execute();
}

export async function dueGarbage(
  db: Db,
  now: number,
  limit: number,
): Promise<{ id: number; prefix: string }[]> {
  return db
    .selectFrom('gc')
    .select(['id', 'prefix'])
    .where('not_before', '<=', now)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** The same, and nobody else is given it for a while. */
export async function takeGarbage(
  db: Db,
  now: number,
  { limit, untilMs }: { limit: number; untilMs: number },
): Promise<{ id: number; prefix: string }[]> {
  const due = db
    .selectFrom('gc')
    .select('id')
    .where('not_before', '<=', now)
    .orderBy('id')
    .limit(limit)
    .$if(locksRows(db), (query) => query.forUpdate().skipLocked());
  return db
    .updateTable('gc')
    .set({ not_before: now + untilMs })
    .where('id', 'in', due)
    .returning(['id', 'prefix'])
    .execute();
}

export async function deleteGarbage(db: Db, id: number): Promise<void> {
  await db.deleteFrom('gc').where('id', '=', id).execute();
}

/** Rows of a job that is gone, a bounded number a call; false when none is left. */
export async function deleteJobRecords(db: Db, job: number, limit: number): Promise<boolean> {
  for (const table of ['task', 'attempt'] as const) {
    const rows = await db
      .selectFrom(table)
      .select('chunk')
      .where('job', '=', job)
      .limit(limit)
      .execute();
    const last = rows.at(-1);
    if (last !== undefined) {
      await db.deleteFrom(table).where('job', '=', job).where('chunk', '<=', last.chunk).execute();
      return true;
    }
  }
  for (const table of ['output', 'log_pack', 'pin', 'upload', 'ready', 'step', 'lease'] as const) {
    await db.deleteFrom(table).where('job', '=', job).execute();
  }
  return false;
}
