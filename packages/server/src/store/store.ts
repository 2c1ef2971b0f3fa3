import { setImmediate } from 'node:timers/promises';
import {
  Kysely,
  Migrator,
  type Dialect,
  type Migration,
  type Transaction,
  type TransactionBuilder,
} from 'kysely';
import { runBeforeCommit } from './before-commit.ts';
import { dialectOf, locksRows, type DialectName } from './dialect.ts';
import { foundation } from './migrations/0001-foundation.ts';
import { secrets } from './migrations/0002-secrets.ts';
import { users } from './migrations/0003-users.ts';
import { lists } from './migrations/0004-lists.ts';
import { components } from './migrations/0005-components.ts';
import { wallet } from './migrations/0006-wallet.ts';
import { retries } from './migrations/0008-retries.ts';
import { fairShare } from './migrations/0009-fair-share.ts';
import { readyOrder } from './migrations/0010-ready-order.ts';
import { learningAttempts } from './migrations/0011-learning-attempts.ts';
import { runners } from './migrations/0012-runners.ts';
import { caches } from './migrations/0013-caches.ts';
import { postgresColumns } from './postgres-columns.ts';
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
  /**
   * Runs a transaction that awaits only the database. Its first statement locks its jobs. The body is run
   * again where the database asks for that, so it changes nothing else.
   */
  transact: <T>(body: (tx: Tx) => Promise<T>) => Promise<T>;
  /** Epoch milliseconds by the one clock that all who use this database share. */
  now: () => number;
  /** Null where one process has the database for itself. */
  shared: SharedStore | null;
  close: () => Promise<void>;
}

/** What servers do one after the other. One inside another is in this order. */
export const SHARED_ACTS = ['start', 'vault'] as const;
export type SharedAct = (typeof SHARED_ACTS)[number];

/** What only a database with several servers offers. */
export interface SharedStore {
  /** Runs `act` while no other server is at the same, of those that use this database. */
  alone: <T>(at: SharedAct, act: () => Promise<T>) => Promise<T>;
  /** Tells all others that listen; may be lost. */
  announce: (message: string) => Promise<void>;
  /** A number that stands for this server while it listens. */
  self: number;
  /** The numbers of the servers that are there; one that died is not, as soon as its connection is known to be cut. */
  present: () => Promise<ReadonlySet<number>>;
  /** Hears what others announce, until the signal. */
  listen: (hear: (message: string) => void, signal: AbortSignal) => Promise<void>;
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
  return storeOf({ db, reads, name });
}

export function storeOf(parts: { db: Db; reads: Db; name: DialectName }): Store {
  const { db, reads, name } = parts;
  return {
    db,
    reads,
    dialect: name,
    transact: (body) => transact(db, name, body),
    now: () => Date.now(),
    shared: null,
    async close() {
      if (reads !== db) await reads.destroy();
      await db.destroy();
    },
  };
}

/** Seldom more than one: whoever was in the way has committed by then. */
const MAX_TRIES = 8;

async function transact<T>(db: Db, name: DialectName, body: (tx: Tx) => Promise<T>): Promise<T> {
  const { isRepeatable } = dialectOf(name);
  // SQLite answers within this turn of the event loop: many transactions in a row would let no message in.
  if (!locksRows(db)) await setImmediate();
  for (let tries = 1; ; tries += 1) {
    try {
      return await begin(db).execute(async (tx) => {
        const result = await body(tx);
        await runBeforeCommit(tx);
        return result;
      });
    } catch (error) {
      if (tries === MAX_TRIES || !isRepeatable(error)) throw error;
    }
  }
}

/** What a statement sees is what was committed before it began, whatever the operator's default. */
function begin(db: Db): TransactionBuilder<Tables> {
  const transaction = db.transaction();
  return locksRows(db) ? transaction.setIsolationLevel('read committed') : transaction;
}

export async function migrate(db: Db, name: DialectName): Promise<void> {
  const traits = dialectOf(name);
  const migrations: Record<string, Migration> = {
    '0001-foundation': foundation(traits),
    '0002-secrets': secrets,
    '0003-users': users,
    '0004-lists': lists,
    '0005-components': components,
    '0006-wallet': wallet(traits),
    '0008-retries': retries,
    '0009-fair-share': fairShare,
    '0010-ready-order': readyOrder,
    '0011-learning-attempts': learningAttempts,
    '0012-runners': runners,
    '0013-caches': caches,
  };
  const migrator = new Migrator({
    db: name === 'postgres' ? db.withPlugin(postgresColumns) : db,
    provider: { getMigrations: async () => migrations },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error('the database could not be migrated', { cause: error });
}
