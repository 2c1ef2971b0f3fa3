/** The few places where the databases differ. */
import { sql, type CreateTableBuilder, type RawBuilder, type SqlBool } from 'kysely';

export type DialectName = 'sqlite';

export interface DialectTraits {
  cluster: <T extends string, C extends string>(
    table: CreateTableBuilder<T, C>,
  ) => CreateTableBuilder<T, C>;
  isUniqueViolation: (error: unknown) => boolean;
  /** A JSON array of arrays as rows, so that one parameter carries any number of them. */
  jsonRows: (json: string) => JsonRows;
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
    isUniqueViolation: (error) =>
      error instanceof Error && /UNIQUE constraint failed/.test(error.message),
    jsonRows: (json) => ({
      from: sql`json_each(${json}) as item`,
      text: (i) => sql<string>`item.value ->> ${sql.lit(i)}`,
      int: (i) => sql<number>`item.value ->> ${sql.lit(i)}`,
    }),
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
};

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
