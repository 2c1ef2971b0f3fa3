/** The few places where the databases differ. */
import { sql, type CreateTableBuilder, type RawBuilder } from 'kysely';

export type DialectName = 'sqlite';

export interface DialectTraits {
  cluster: <T extends string, C extends string>(
    table: CreateTableBuilder<T, C>,
  ) => CreateTableBuilder<T, C>;
  isUniqueViolation: (error: unknown) => boolean;
  /** A JSON array of arrays as rows, so that one parameter carries any number of them. */
  jsonRows: (json: string) => JsonRows;
  /** A text of the JSON object that a column holds. */
  jsonText: (column: string, key: string) => RawBuilder<string>;
}

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
    jsonText: (column, key) => sql<string>`${sql.ref(column)} ->> ${sql.lit(key)}`,
  },
};

export function dialectOf(name: DialectName): DialectTraits {
  return DIALECTS[name];
}
