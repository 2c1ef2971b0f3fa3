import { sql, type Insertable, type SqlBool, type Updateable } from 'kysely';
import type { JobDoc, Pinned, TemplateSnapshot } from '../domain/job-doc.ts';
import { locksRows } from './dialect.ts';
import { jsonOrNull, parseOrNull } from './json.ts';
import type { Db, Tx } from './store.ts';
import type { JobDocRow, JobDocTable, JobRow, JobTable } from './tables.ts';

export async function findJob(db: Db, account: string, id: string): Promise<JobRow | undefined> {
  return db
    .selectFrom('job')
    .selectAll()
    .where('id', '=', id)
    .where('account', '=', account)
    .executeTakeFirst();
}

/** Those of the ids that are jobs of the account. */
export async function findJobs(
  db: Db,
  account: string,
  ids: readonly string[],
): Promise<Pick<JobRow, 'no' | 'id'>[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('job')
    .select(['no', 'id'])
    .where('id', 'in', ids)
    .where('account', '=', account)
    .execute();
}

/** Ids are unique over all accounts; whose it is decides what the caller may learn. */
export async function ownerOfJobId(db: Db, id: string): Promise<string | undefined> {
  const row = await db.selectFrom('job').select('account').where('id', '=', id).executeTakeFirst();
  return row?.account;
}

export async function findJobByNo(db: Db, no: number): Promise<JobRow | undefined> {
  return db.selectFrom('job').selectAll().where('no', '=', no).executeTakeFirst();
}

/**
 * Locks a job's row, in ascending order when several are needed: everything that changes a job's tasks
 * begins here. What depends on the lock is read in later statements. SQLite's one writer is the lock.
 */
export async function lockJob(tx: Tx, no: number): Promise<JobRow | undefined> {
  return tx
    .selectFrom('job')
    .selectAll()
    .where('no', '=', no)
    .$if(locksRows(tx), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
}

/** Locks several jobs in their order, at the beginning of a transaction that will come to them in another. */
export async function lockJobs(tx: Tx, nos: Iterable<number>): Promise<void> {
  const wanted = [...new Set(nos)];
  if (wanted.length === 0 || !locksRows(tx)) return;
  await tx
    .selectFrom('job')
    .select('no')
    .where('no', 'in', wanted)
    .orderBy('no')
    .forNoKeyUpdate()
    .execute();
}

export async function readJobDoc(db: Db, no: number): Promise<JobDoc> {
  const row = await db.selectFrom('job_doc').selectAll().where('no', '=', no).executeTakeFirst();
  if (row === undefined) throw new Error(`job ${no} has no document`);
  return toJobDoc(row);
}

export async function readJobDocs(db: Db, nos: readonly number[]): Promise<Map<number, JobDoc>> {
  if (nos.length === 0) return new Map();
  const rows = await db.selectFrom('job_doc').selectAll().where('no', 'in', nos).execute();
  return new Map(rows.map((row) => [row.no, toJobDoc(row)]));
}

export async function insertJob(tx: Tx, row: Insertable<JobTable>, doc: JobDoc): Promise<JobRow> {
  const job = await tx.insertInto('job').values(row).returningAll().executeTakeFirstOrThrow();
  await tx
    .insertInto('job_doc')
    .values({ no: job.no, ...fromJobDoc(doc) })
    .execute();
  return job;
}

export async function updateJobDoc(tx: Tx, no: number, doc: JobDoc): Promise<void> {
  await tx.updateTable('job_doc').set(fromJobDoc(doc)).where('no', '=', no).execute();
}

/** Changes a job that is still in the state the caller saw; undefined when someone else moved it. */
export async function updateJob(
  tx: Tx,
  seen: Pick<JobRow, 'no' | 'state' | 'run'>,
  patch: Updateable<JobTable>,
): Promise<JobRow | undefined> {
  return tx
    .updateTable('job')
    .set(patch)
    .where('no', '=', seen.no)
    .where('state', '=', seen.state)
    .where('run', '=', seen.run)
    .returningAll()
    .executeTakeFirst();
}

/** The conditions of the partial indexes, word for word: with parameters the indexes would not be used. */
export const IS_RUNNING = sql<SqlBool>`state not in ('NEW', 'COMPLETE', 'FAILED')`;
const IS_KEPT = sql<SqlBool>`data_state = 'kept'`;

/** Started jobs whose jobTimeout is over. */
export async function overdueJobs(db: Db, now: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('job')
    .select('no')
    .where(IS_RUNNING)
    .where('deadline_at', '<=', now)
    .limit(limit)
    .execute();
  return rows.map((row) => row.no);
}

/** Ended jobs whose data has had its time. */
export async function expiredJobs(db: Db, endedBefore: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('job')
    .select('no')
    .where(IS_KEPT)
    .where('ended_at', '<=', endedBefore)
    .limit(limit)
    .execute();
  return rows.map((row) => row.no);
}

/** Removes a job from sight at once; its tasks and blobs follow through `gc`. */
export async function deleteJobRow(tx: Tx, no: number): Promise<void> {
  await tx.deleteFrom('job_doc').where('no', '=', no).execute();
  await tx.deleteFrom('job').where('no', '=', no).execute();
}

function toJobDoc(row: JobDocRow): JobDoc {
  return {
    description: row.description,
    tags: { app: row.app, partitioner: row.partitioner, assembler: row.assembler },
    template: parseOrNull<TemplateSnapshot>(row.template),
    templateParams: parseOrNull<JobDoc['templateParams']>(row.template_params) ?? {
      app: null,
      partitioner: null,
      assembler: null,
    },
    config: JSON.parse(row.config) as JobDoc['config'],
    dataSource: parseOrNull<JobDoc['dataSource']>(row.data_source),
    dataDestination: parseOrNull<JobDoc['dataDestination']>(row.data_destination),
    params: {
      partitioner: row.params_partitioner,
      app: row.params_app,
      assembler: row.params_assembler,
    },
    pinned: parseOrNull<Pinned>(row.pinned),
  };
}

function fromJobDoc(doc: JobDoc): Omit<Insertable<JobDocTable>, 'no'> {
  return {
    description: doc.description,
    app: doc.tags.app,
    partitioner: doc.tags.partitioner,
    assembler: doc.tags.assembler,
    template: jsonOrNull(doc.template),
    template_params: jsonOrNull(doc.templateParams),
    config: JSON.stringify(doc.config),
    data_source: jsonOrNull(doc.dataSource),
    data_destination: jsonOrNull(doc.dataDestination),
    params_partitioner: doc.params.partitioner,
    params_app: doc.params.app,
    params_assembler: doc.params.assembler,
    pinned: jsonOrNull(doc.pinned),
  };
}

/** What an account's running jobs cost so far and have not paid. */
export async function unpaidPriceOf(db: Db, account: string): Promise<number> {
  const { sum } = await db
    .selectFrom('job')
    .select(sql<number>`coalesce(cast(sum(price - paid) as bigint), 0)`.as('sum'))
    .where('account', '=', account)
    .where(IS_RUNNING)
    .executeTakeFirstOrThrow();
  return sum;
}
