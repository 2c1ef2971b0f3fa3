/** Feeds Kysely's SQLite dialect from a driver that ships its binaries. One process, one connection. */
import {
  DatabaseSync,
  type DatabaseSyncInstance,
  type StatementSyncInstance,
} from '@photostructure/sqlite';
import { SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely';
import { LRUCache } from 'lru-cache';

/** Statements are prepared once; the number of different texts is small and bounded all the same. */
const PREPARED_STATEMENTS = 512;

/** Opens a database file durably: every commit is on disk before it is acknowledged. */
export function sqliteDialect(file: string): SqliteDialect {
  return new SqliteDialect({ database: openForWriting(file) });
}

function openForWriting(file: string): SqliteDatabase {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec('PRAGMA foreign_keys = ON');
  db.exec('PRAGMA busy_timeout = 5000');
  // Else each statement over many rows opens a file for the case that it must be undone.
  db.exec('PRAGMA temp_store = MEMORY');
  return adapt(db);
}

/** Opens a file that this process has open for writing a second time, to read what was committed. */
export function openForReading(file: string): SqliteDatabase {
  return adapt(new DatabaseSync(file, { readOnly: true }));
}

function adapt(db: DatabaseSyncInstance): SqliteDatabase {
  db.exec('PRAGMA cache_size = -16384');
  db.function('lower_case', { deterministic: true }, (text: unknown) =>
    typeof text === 'string' ? text.toLowerCase() : text,
  );
  const statements = new LRUCache<string, SqliteStatement>({ max: PREPARED_STATEMENTS });
  return {
    prepare(sql) {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const statement = adaptStatement(db.prepare(sql));
      statements.set(sql, statement);
      return statement;
    },
    close() {
      db.close();
    },
  };
}

function adaptStatement(statement: StatementSyncInstance): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as never[])),
    run: (parameters) => statement.run(...(parameters as never[])),
    iterate: (parameters) =>
      statement.iterate(...(parameters as never[])) as IterableIterator<unknown>,
  };
}
