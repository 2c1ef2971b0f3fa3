/** The few places where the databases differ. */
import { sql, type CreateTableBuilder } from 'kysely';

export type DialectName = 'sqlite';

export interface DialectTraits {
  cluster: <T extends string, C extends string>(
    table: CreateTableBuilder<T, C>,
  ) => CreateTableBuilder<T, C>;
  isUniqueViolation: (error: unknown) => boolean;
}

const DIALECTS: Record<DialectName, DialectTraits> = {
  sqlite: {
    cluster: (table) => table.modifyEnd(sql`without rowid`),
    isUniqueViolation: (error) =>
      error instanceof Error && /UNIQUE constraint failed/.test(error.message),
  },
};

export function dialectOf(name: DialectName): DialectTraits {
  return DIALECTS[name];
}
