/** Which objects of the blob store rows name. What a step wrote beside its index is named in there only. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Db } from './store.ts';

/** Columns that name data of a job: the names are worth nothing once the data had its time. */
const OF_JOB_DATA = [
  ['upload', 'key'],
  ['task', 'source_key'],
  ['task', 'result_key'],
  ['step', 'input'],
  ['output', 'key'],
] as const;

/** Columns that name objects of no job. */
const OF_NO_JOB = [
  ['revision', 'blob_key'],
  ['cache_file', 'key'],
] as const;

/**
 * Every object that a row names and that has not had its time; both databases understand it. A copy of an
 * earlier version's database lacks tables that came later.
 */
export function namedBlobs(hasTable: (name: string) => boolean): string {
  return NAMING.filter(([table]) => hasTable(table))
    .map(([, select]) => select)
    .join('\nunion ');
}

const NAMING = [
  ...OF_NO_JOB.map(([table, column]) => [table, `select ${column} as key from ${table}`] as const),
  ['log_pack', 'select key from log_pack'] as const,
  ...OF_JOB_DATA.map(
    ([table, column]) =>
      [
        table,
        `select ${table}.${column} as key from ${table} join job on job.no = ${table}.job
         where job.data_state = 'kept' and ${table}.${column} <> ''`,
      ] as const,
  ),
];

/** Of some objects of one job (0: of none), those that no row names. */
export async function unnamedAmong(
  db: Db,
  job: number,
  keys: readonly string[],
): Promise<Set<string>> {
  const unnamed = new Set(keys);
  if (unnamed.size === 0) return unnamed;
  const list = sql.join([...keys]);
  for await (const key of namedOf(db, job, (column) => sql`${column} in (${list})`)) {
    unnamed.delete(key);
    if (unnamed.size === 0) break;
  }
  return unnamed;
}

/** Whether a row names an object of the job below a folder. */
export async function isAnyNamedBelow(db: Db, job: number, folder: string): Promise<boolean> {
  const names = namedOf(db, job, (column) => sql`${column} like ${`${folder}/%`}`);
  return (await names.next()).done !== true;
}

type Match = (column: RawBuilder<unknown>) => RawBuilder<SqlBool>;

/** A statement looks at so many chunks, that others have their turn. */
const CHUNKS_PER_LOOK = 10_000;

/** What rows of one job name, of the objects that match; some twice. */
async function* namedOf(db: Db, job: number, match: Match): AsyncGenerator<string> {
  async function* look(table: string, column: string, where: RawBuilder<unknown>) {
    const name = sql.ref(column);
    const { rows } = await sql<{ key: string }>`
      select distinct ${name} as key from ${sql.table(table)} where ${where} and ${match(name)}`.execute(
      db,
    );
    for (const { key } of rows) yield key;
  }
  if (job === 0) {
    for (const [table, column] of OF_NO_JOB) yield* look(table, column, sql`1 = 1`);
    return;
  }
  const ofJob = sql`job = ${job}`;
  yield* look('log_pack', 'key', ofJob);
  if (!(await isDataKept(db, job))) return;
  for (const [table, column] of OF_JOB_DATA) {
    if (table !== 'task') yield* look(table, column, ofJob);
  }
  const ofEngines = sql`${ofJob} and kind in ('PARTITIONER', 'ASSEMBLER')`;
  for (const column of ['source_key', 'result_key']) yield* look('task', column, ofEngines);
  const last = await lastChunk(db, job);
  for (let from = 0; from <= last; from += CHUNKS_PER_LOOK) {
    const chunks = sql`chunk between ${from} and ${from + CHUNKS_PER_LOOK - 1}`;
    const ofChunks = sql`${ofJob} and kind = 'APP' and run = 0 and ${chunks}`;
    for (const column of ['source_key', 'result_key']) yield* look('task', column, ofChunks);
  }
}

async function isDataKept(db: Db, job: number): Promise<boolean> {
  const row = await db
    .selectFrom('job')
    .select('data_state')
    .where('no', '=', job)
    .executeTakeFirst();
  return row?.data_state === 'kept';
}

async function lastChunk(db: Db, job: number): Promise<number> {
  const { last } = await db
    .selectFrom('task')
    .select((e) => e.fn.max('chunk').as('last'))
    .where('job', '=', job)
    .where('kind', '=', 'APP')
    .where('run', '=', 0)
    .executeTakeFirstOrThrow();
  return last ?? -1;
}

/** Of what `gc` deletes in its time, now or later, those that are among these prefixes. */
export async function garbageAmong(db: Db, prefixes: readonly string[]): Promise<Set<string>> {
  if (prefixes.length === 0) return new Set();
  const rows = await db
    .selectFrom('gc')
    .select('prefix')
    .where('prefix', 'in', [...prefixes])
    .execute();
  return new Set(rows.map(({ prefix }) => prefix));
}

/** When this database came to be: it names nothing that was written before. */
export async function bornAt(db: Db): Promise<number> {
  const { first } = await db
    .selectFrom('account')
    .select((e) => e.fn.min('created_at').as('first'))
    .executeTakeFirstOrThrow();
  return first ?? Infinity;
}
