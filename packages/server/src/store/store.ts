import { Kysely, Migrator, type Dialect, type Migration, type Transaction } from 'kysely';
import { dialectOf, type DialectName } from './dialect.ts';
import { foundation } from './migrations/0001-foundation.ts';
import { secrets } from './migrations/0002-secrets.ts';
import { users } from './migrations/0003-users.ts';
import { lists } from './migrations/0004-lists.ts';
import { components } from './migrations/0005-components.ts';
import type { Tables } from './tables.ts';

/** What statements run on: the database or a transaction. */
export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

export interface Store {
  /** For reads and single statements. */
  db: Db;
  /** For reads that look at many rows: beside the others, where the database can do that. */
  reads: Db;
  dialect: DialectName;
  /** Runs a transaction that awaits only the database. Its first statement locks its jobs. */
  transact: <T>(body: (tx: Tx) => Promise<T>) => Promise<T>;
  close: () => Promise<void>;
}

/** Opens the store and brings its schema up to date; without `reader` long reads are as all others. */
export async function openStore(
  dialect: Dialect,
  name: DialectName,
  reader?: Dialect,
): Promise<Store> {
  const db = new Kysely<Tables>({ dialect });
  await migrate(db, name);
  const reads = reader === undefined ? db : new Kysely<Tables>({ dialect: reader });
  return {
    db,
    reads,
    dialect: name,
    transact: (body) => db.transaction().execute(body),
    async close() {
      if (reads !== db) await reads.destroy();
      await db.destroy();
    },
  };
}

async function migrate(db: Db, name: DialectName): Promise<void> {
  const { cluster } = dialectOf(name);
  const migrations: Record<string, Migration> = {
    '0001-foundation': foundation(cluster),
    '0002-secrets': secrets,
    '0003-users': users,
    '0004-lists': lists,
    '0005-components': components,
  };
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error('the database could not be migrated', { cause: error });
}
