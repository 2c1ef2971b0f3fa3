/** What the durable state is, read beside the server: a read-only connection sees only what is committed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { Pool, TypeOverrides, types } from 'pg';

export interface JobRow {
  no: number;
  id: string;
  uuid: string;
  name: string;
  state: string;
  run: number;
  num_chunks: number;
  cursor: number;
  committed: number;
  failed: number;
  price: number;
  paid: number;
  failure_reason: string;
  error_message: string;
  ended_at: number | null;
}

export interface TaskKey {
  job: number;
  kind: 'PARTITIONER' | 'APP' | 'ASSEMBLER';
  run: number;
  chunk: number;
}

export interface TaskRow extends TaskKey {
  state: 'open' | 'committed' | 'failed';
  attempts: number;
  retries: number;
  losses: number;
  result_key: string | null;
  result_offset: number;
  result_length: number;
  result_sha: string | null;
  winner: number | null;
  price: number;
}

export interface LeaseRow extends TaskKey {
  id: string;
  attempt: number;
  runner: string;
  incarnation: string;
  phase: string;
  assigned_at: number;
  deadline_at: number;
}

export interface AttemptRow extends TaskKey {
  attempt: number;
  reason: string;
  error_message: string;
}

export interface ReadyRow extends TaskKey {
  attempt: number;
  ready_at: number;
}

export interface StepRow {
  job: number;
  run: number;
  name: string;
  owner: string;
  tries: number;
  ready_at: number;
}

export interface EventRow {
  id: number;
  job: number;
  at: number;
  type: 'job' | 'task' | 'log';
  body: string;
}

export interface LedgerRow {
  no: number;
  type: string;
  amount: number;
  job: number | null;
  run: number | null;
  hash: string;
}

export interface LedgerEntryRow {
  account: string;
  no: number;
  amount: number;
}

export interface WalletRow {
  account: string;
  balance: number;
}

/** One moment of the whole database. */
export interface Snapshot {
  at: number;
  jobs: JobRow[];
  tasks: TaskRow[];
  leases: LeaseRow[];
  attempts: AttemptRow[];
  ready: ReadyRow[];
  steps: StepRow[];
  events: EventRow[];
  ledger: LedgerRow[];
  ledgerEntries: LedgerEntryRow[];
  wallets: WalletRow[];
}

export interface Database {
  snapshot: () => Promise<Snapshot>;
  /** Job and task events after an id. */
  eventsAfter: (id: number) => Promise<EventRow[]>;
  rows: <T>(sql: string, ...parameters: (string | number)[]) => Promise<T[]>;
  /** For what a test needs to be otherwise; no server is up then. */
  write: (sql: string) => Promise<void>;
  /** Bytes of a stored object, or of a range of it. */
  readBlob: (key: string, range?: { offset: number; length: number }) => Promise<Buffer>;
  close: () => Promise<void>;
}

/** Reads rows within the moment of one snapshot. */
type Read = <T>(sql: string) => Promise<T[]>;

/** Of a data directory, and of the PostgreSQL database that goes with it where there is one. */
export function openDatabase(dataDir: string, url?: string): Database {
  const tables = url === undefined ? openSqlite(dataDir) : openPostgres(url);
  return {
    rows: tables.rows,
    write: tables.write,
    close: tables.close,
    snapshot: () => tables.atOnce(readAll),
    eventsAfter: (id) =>
      tables.rows<EventRow>(
        `SELECT id, job, at, type, body FROM event WHERE id > ? AND type != 'log'
         AND ${tables.isSettled} ORDER BY id`,
        id,
      ),
    async readBlob(key, range) {
      const bytes = await readFile(path.join(dataDir, 'blobs/objects', key));
      return range === undefined
        ? bytes
        : bytes.subarray(range.offset, range.offset + range.length);
    },
  };
}

async function readAll(read: Read): Promise<Snapshot> {
  return {
    at: Date.now(),
    jobs: await read<JobRow>('SELECT * FROM job ORDER BY no'),
    tasks: await read<TaskRow>('SELECT * FROM task'),
    leases: await read<LeaseRow>('SELECT * FROM lease'),
    attempts: await read<AttemptRow>('SELECT * FROM attempt ORDER BY attempt'),
    ready: await read<ReadyRow>('SELECT * FROM ready'),
    steps: await read<StepRow>('SELECT * FROM step'),
    events: await read<EventRow>('SELECT id, job, at, type, body FROM event ORDER BY id'),
    ledger: await read<LedgerRow>(
      'SELECT no, type, amount, job, run, hash FROM ledger ORDER BY no',
    ),
    ledgerEntries: await read<LedgerEntryRow>('SELECT account, no, amount FROM ledger_entry'),
    wallets: await read<WalletRow>('SELECT account, balance FROM wallet'),
  };
}

interface Connection extends Pick<Database, 'rows' | 'write' | 'close'> {
  atOnce: <T>(act: (read: Read) => Promise<T>) => Promise<T>;
  /** Of an event: none with a lesser id is still to come. */
  isSettled: string;
}

function openSqlite(dataDir: string): Connection {
  const file = path.join(dataDir, 'bytenite.db');
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec('PRAGMA busy_timeout = 5000');
  const read = <T>(sql: string, ...parameters: (string | number)[]) =>
    db.prepare(sql).all(...parameters) as T[];
  return {
    rows: async (sql, ...parameters) => read(sql, ...parameters),
    isSettled: 'true',
    async atOnce(act) {
      // A connection of its own: other reads go on between the statements.
      const moment = new DatabaseSync(file, { readOnly: true });
      try {
        moment.exec('PRAGMA busy_timeout = 5000');
        moment.exec('BEGIN');
        return await act(async <T>(sql: string) => moment.prepare(sql).all() as T[]);
      } finally {
        moment.close();
      }
    },
    async write(sql) {
      const writable = new DatabaseSync(file);
      writable.exec(sql);
      writable.close();
    },
    close: async () => db.close(),
  };
}

function openPostgres(url: string): Connection {
  const pool = new Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
    types: numbers,
  });
  // One that ends between two queries is replaced, or the next query says so.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    async rows<T>(sql: string, ...parameters: (string | number)[]) {
      let n = 0;
      return (
        await pool.query(
          sql.replaceAll('?', () => `$${(n += 1)}`),
          parameters,
        )
      ).rows as T[];
    },
    isSettled:
      'cast(cast(xmin as text) as bigint) < cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint)',
    async atOnce(act) {
      const client = await pool.connect();
      let isWhole = false;
      try {
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const value = await act(async <T>(sql: string) => (await client.query(sql)).rows as T[]);
        await client.query('COMMIT');
        isWhole = true;
        return value;
      } finally {
        client.release(!isWhole);
      }
    },
    write: async (sql) => void (await pool.query(sql)),
    close: () => pool.end(),
  };
}

const numbers = new TypeOverrides();
for (const type of [types.builtins.INT8, types.builtins.NUMERIC])
  numbers.setTypeParser(type, Number);

export function taskName({ job, kind, run, chunk }: TaskKey): string {
  return `${job}/${kind}/${run}/${chunk}`;
}
