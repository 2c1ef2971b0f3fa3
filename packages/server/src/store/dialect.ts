/** The few places where the databases differ. */
import {
  PostgresAdapter,
  sql,
  type CreateTableBuilder,
  type Kysely,
  type RawBuilder,
  type SqlBool,
} from 'kysely';

export type DialectName = 'sqlite' | 'postgres';

export interface DialectTraits {
  cluster: <T extends string, C extends string>(
    table: CreateTableBuilder<T, C>,
  ) => CreateTableBuilder<T, C>;
  /** Prepares a table whose few rows come, change and go all the time. */
  churns: (db: Kysely<unknown>, table: string) => Promise<void>;
  isUniqueViolation: (error: unknown) => boolean;
  /**
   * Whether a transaction that failed so is run again from its beginning: it was in another's way, or lost a
   * race for a name that the other has now, which it will see.
   */
  isRepeatable: (error: unknown) => boolean;
  /** A number that a caller chose, of any size, to be compared with a column. */
  anyNumber: (value: number) => RawBuilder<number>;
  /** Of a row in `event`: no event with a lower id can appear any more. */
  isSettled: () => RawBuilder<SqlBool>;
  /** A JSON array of arrays as rows, so that one parameter carries any number of them. */
  jsonRows: (json: string) => JsonRows;
  /** Texts as the right side of `in`: one parameter and one prepared statement, however many they are. */
  anyOf: (texts: readonly string[]) => RawBuilder<string>;
  /** A value within a JSON text; null where there is none. */
  json: {
    text: (json: Sql, ...path: string[]) => RawBuilder<string | null>;
    number: (json: Sql, ...path: string[]) => RawBuilder<number | null>;
    /** As 0 or 1. */
    boolean: (json: Sql, ...path: string[]) => RawBuilder<number | null>;
  };
  /** Numbers and epoch milliseconds as replies show them. */
  shown: {
    number: (value: Sql) => RawBuilder<string>;
    time: (value: Sql) => RawBuilder<string | null>;
  };
  /** Whether a text fits a pattern of `%` and `_`, whatever the case of both. */
  like: (text: Sql, pattern: string) => RawBuilder<SqlBool>;
}

type Sql = RawBuilder<unknown>;

export interface JsonRows {
  from: RawBuilder<unknown>;
  /** The i-th value of a row. */
  text: (i: number) => RawBuilder<string>;
  int: (i: number) => RawBuilder<number>;
}

const DIALECTS: Record<DialectName, DialectTraits> = {
  sqlite: {
    cluster: (table) => table.modifyEnd(sql`without rowid`),
    churns: async () => undefined,
    isUniqueViolation: (error) =>
      error instanceof Error && /UNIQUE constraint failed/.test(error.message),
    isRepeatable: () => false,
    anyNumber: (value) => sql`${value}`,
    isSettled: () => sql`1 = 1`,
    jsonRows: (json) => ({
      from: sql`json_each(${json}) as item`,
      text: (i) => sql<string>`item.value ->> ${sql.lit(i)}`,
      int: (i) => sql<number>`item.value ->> ${sql.lit(i)}`,
    }),
    anyOf: (texts) => sql`(select value from json_each(${JSON.stringify(texts)}))`,
    json: { text: jsonValue, number: jsonValue, boolean: jsonValue },
    shown: {
      number: (value) => sql`format('%.15g', ${value})`,
      time: (value) => sql`strftime('%Y-%m-%dT%H:%M:%fZ', ${value} / 1000.0, 'unixepoch')`,
    },
    // The database itself knows case within ASCII only; lower_case is ours.
    like: (text, pattern) =>
      isAscii(pattern)
        ? sql`${text} like ${pattern}`
        : sql`lower_case(${text}) like ${pattern.toLowerCase()}`,
  },
  postgres: {
    cluster: (table) => table,
    churns: makeChurn,
    isUniqueViolation: (error) => sqlStateOf(error) === '23505',
    isRepeatable: (error) => ['40P01', '40001', '23505'].includes(sqlStateOf(error) ?? ''),
    anyNumber: (value) =>
      Number.isSafeInteger(value)
        ? sql`cast(${value} as bigint)`
        : sql`cast(${value} as double precision)`,
    isSettled,
    jsonRows: (json) => ({
      from: sql`json_array_elements(cast(${json} as json)) as item`,
      text: (i) => sql<string>`item.value ->> ${sql.lit(i)}`,
      int: (i) => sql<number>`cast(item.value ->> ${sql.lit(i)} as bigint)`,
    }),
    anyOf: (texts) =>
      sql`(select json_array_elements_text(cast(${JSON.stringify(texts)} as json)))`,
    json: {
      text: (json, ...path) => sql`${pgJsonText(json, path)} collate "C"`,
      number: (json, ...path) => sql`cast(${pgJsonText(json, path)} as double precision)`,
      boolean: (json, ...path) =>
        sql`case ${pgJsonText(json, path)} when 'true' then 1 when 'false' then 0 end`,
    },
    shown: {
      // The detour keeps 15 digits, as the reply does.
      number: (value) => sql`cast(cast(cast(${value} as double precision) as numeric) as text)`,
      time: (value) =>
        sql`to_char(to_timestamp(${value} / 1000.0) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    },
    // Not of the database's locale, which differs from one to the next.
    like: (text, pattern) =>
      sql`lower(${text} collate "und-x-icu") like ${pattern.toLowerCase()} escape ''`,
  },
};

function pgJsonText(json: Sql, path: readonly string[]): RawBuilder<string | null> {
  return sql`(cast(${json} as json) #>> ${sql.lit(`{${path.join(',')}}`)})`;
}

/** Dead rows would soon outnumber the live ones many times over: they are cleared away at every turn. */
async function makeChurn(db: Kysely<unknown>, table: string): Promise<void> {
  await sql`alter table ${sql.table(table)} set (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0)`.execute(db);
}

/**
 * Longer than a transaction of this program should last. Of one that does, whoever replays events meanwhile may
 * miss its own: then the next event, or a look at the job, tells the same.
 */
const LONGEST_MS = 60_000;

/**
 * Ids are given out before their transactions commit, so one below those that are seen may still appear: what
 * is not older than the oldest transaction under way waits. That may be one of another program on the same
 * server, so nothing waits longer than our own last. Numbers of transactions are compared in a circle.
 */
function isSettled(): RawBuilder<SqlBool> {
  const circle = sql.lit(2 ** 32);
  const oldest = sql`(cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint) % ${circle})`;
  const own = sql`cast(cast(event.xmin as text) as bigint)`;
  const distance = sql`((${oldest} - ${own} + ${circle}) % ${circle})`;
  const now = sql`extract(epoch from clock_timestamp()) * 1000`;
  return sql`(${distance} between 1 and ${sql.lit(2 ** 31)} or event.at < ${now} - ${sql.lit(LONGEST_MS)})`;
}

/** The code of an error that the database answered. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The traits of the database that statements run on. */
export function traitsOf(db: Executing): DialectTraits {
  return DIALECTS[locksRows(db) ? 'postgres' : 'sqlite'];
}

type Executing = Pick<Kysely<unknown>, 'getExecutor'>;

/** Whether rows are locked one by one; else the one writer is the lock. */
export function locksRows(db: Executing): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/** SQLite has the types of JSON itself, with true and false as 1 and 0. */
function jsonValue<T>(json: Sql, ...path: string[]): RawBuilder<T> {
  return sql`${json} ->> ${sql.lit(['$', ...path].join('.'))}`;
}

export function dialectOf(name: DialectName): DialectTraits {
  return DIALECTS[name];
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are ASCII too
  return /^[\u0000-\u007f]*$/.test(text);
}
