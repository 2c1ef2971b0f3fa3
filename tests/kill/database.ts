/** What the durable state is, read beside the server: a read-only connection sees only what is committed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

export interface JobRow {
  no: number;
  id: string;
  uuid: string;
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
  snapshot: () => Snapshot;
  /** Job and task events after an id. */
  eventsAfter: (id: number) => EventRow[];
  rows: <T>(sql: string, ...parameters: (string | number)[]) => T[];
  /** Bytes of a stored object, or of a range of it. */
  readBlob: (key: string, range?: { offset: number; length: number }) => Promise<Buffer>;
  close: () => void;
}

export function openDatabase(dataDir: string): Database {
  const db = new DatabaseSync(path.join(dataDir, 'bytenite.db'), { readOnly: true });
  db.exec('PRAGMA busy_timeout = 5000');
  const rows = <T>(sql: string, ...parameters: (string | number)[]) =>
    db.prepare(sql).all(...parameters) as T[];
  return {
    rows,
    snapshot() {
      db.exec('BEGIN');
      try {
        return {
          at: Date.now(),
          jobs: rows<JobRow>('SELECT * FROM job ORDER BY no'),
          tasks: rows<TaskRow>('SELECT * FROM task'),
          leases: rows<LeaseRow>('SELECT * FROM lease'),
          attempts: rows<AttemptRow>('SELECT * FROM attempt ORDER BY attempt'),
          ready: rows<ReadyRow>('SELECT * FROM ready'),
          steps: rows<StepRow>('SELECT * FROM step'),
          events: rows<EventRow>('SELECT id, job, at, type, body FROM event ORDER BY id'),
          ledger: rows<LedgerRow>(
            'SELECT no, type, amount, job, run, hash FROM ledger ORDER BY no',
          ),
          ledgerEntries: rows<LedgerEntryRow>('SELECT account, no, amount FROM ledger_entry'),
          wallets: rows<WalletRow>('SELECT account, balance FROM wallet'),
        };
      } finally {
        db.exec('COMMIT');
      }
    },
    eventsAfter: (id) =>
      rows<EventRow>(
        "SELECT id, job, at, type, body FROM event WHERE id > ? AND type != 'log' ORDER BY id",
        id,
      ),
    async readBlob(key, range) {
      const bytes = await readFile(path.join(dataDir, 'blobs/objects', key));
      return range === undefined
        ? bytes
        : bytes.subarray(range.offset, range.offset + range.length);
    },
    close: () => db.close(),
  };
}

export function taskName({ job, kind, run, chunk }: TaskKey): string {
  return `${job}/${kind}/${run}/${chunk}`;
}
