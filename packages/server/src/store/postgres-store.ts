/** The store on PostgreSQL, which any number of servers share. */
import { randomInt } from 'node:crypto';
import { Kysely, sql } from 'kysely';
import { openDatabaseClock } from './database-clock.ts';
import { announce, listen, present } from './postgres-channel.ts';
import { clientConfig, postgresDialect, type PostgresOptions } from './postgres.ts';
import { migrate, SHARED_ACTS, storeOf, type Db, type SharedAct, type Store } from './store.ts';
import type { Tables } from './tables.ts';

/** Of the connections, so many for reads that look at many rows; they must not keep leases waiting. */
const SHARE_OF_READS = 1 / 5;
/** Snapshots and identities as they are used here. */
const OLDEST_VERSION = 13;

/** Brings the schema up to date, one server after the other, and opens the store. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  await prepare(options);
  const forReads = Math.max(1, Math.floor(options.connections * SHARE_OF_READS));
  const db = open({ ...options, connections: Math.max(1, options.connections - forReads) });
  const reads = open({ ...options, connections: forReads });
  const clock = await openDatabaseClock(db);
  const store = storeOf({ db, reads, name: 'postgres' });
  const self = randomInt(1, 2 ** 31);
  return {
    ...store,
    now: clock.now,
    shared: {
      alone: (at, act) => alone(db, at, act),
      announce: (message) => announce(db, message),
      self,
      present: () => present(db),
      // It waits for what may never come, so no statement of it has a limit.
      listen: (hear, signal) =>
        listen(clientConfig({ ...options, statementMs: 0 }), self, hear, signal),
    },
    async close() {
      clock.close();
      await store.close();
    },
  };
}

/** Locks are numbers that all programs on a database share. */
const FIRST_LOCK = 7_246_173_000;

/** The lock ends with its connection, whatever becomes of this process. */
function alone<T>(db: Db, at: SharedAct, act: () => Promise<T>): Promise<T> {
  const lock = sql.lit(FIRST_LOCK + SHARED_ACTS.indexOf(at));
  return db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${lock})`.execute(connection);
    try {
      return await act();
    } finally {
      await sql`select pg_advisory_unlock(${lock})`.execute(connection);
    }
  });
}

function open(options: PostgresOptions): Db {
  return new Kysely<Tables>({ dialect: postgresDialect(options) });
}

/** A migration may take as long as it needs, and waits for that of another server. */
async function prepare(options: PostgresOptions): Promise<void> {
  const db = open({ ...options, connections: 2, statementMs: 0 });
  try {
    await check(db);
    await migrate(db, 'postgres');
  } finally {
    await db.destroy();
  }
}

async function check(db: Db): Promise<void> {
  const { rows } = await sql<{ version: number; encoding: string }>`
    select cast(current_setting('server_version_num') as integer) / 10000 as version,
      current_setting('server_encoding') as encoding`.execute(db);
  const { version = 0, encoding = '' } = rows[0] ?? {};
  if (version < OLDEST_VERSION) {
    throw new Error(
      `PostgreSQL ${OLDEST_VERSION} or newer is needed; the database is on ${version}`,
    );
  }
  if (encoding !== 'UTF8') {
    throw new Error(
      `the database's encoding is ${encoding} and must be UTF8: create it with ENCODING 'UTF8' TEMPLATE template0`,
    );
  }
}
