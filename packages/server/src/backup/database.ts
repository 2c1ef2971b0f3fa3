/** What a copy of a database says about the files beside it. */
import {
  DatabaseSync,
  type DatabaseSyncInstance,
  type StatementSyncInstance,
} from '@photostructure/sqlite';
import { LRUCache } from 'lru-cache';
import { namedBlobs } from '../store/named-blobs.ts';

export interface BackupDatabase {
  masterKeyId: () => string | null;
  /** Throws when the file is damaged. */
  check: () => void;
  namedBlobs: () => Iterable<string>;
  /** Whether an object belongs to something that is still there. */
  isLive: (key: string) => boolean;
  close: () => void;
}

export function openBackupDatabase(file: string): BackupDatabase {
  const db = new DatabaseSync(file, { readOnly: true });
  const states = new LRUCache<number, string>({ max: 1000 });
  // Kept for as long as it may be walked through: once the statement is collected, its rows end with an error.
  let named: StatementSyncInstance | undefined;
  return {
    masterKeyId() {
      const row = db.prepare("select value from meta where key = 'master-key'").get();
      return (row as { value: string } | undefined)?.value ?? null;
    },
    check() {
      const row = db.prepare('pragma quick_check(1)').get() as { quick_check: string };
      if (row.quick_check !== 'ok') throw new Error(row.quick_check);
    },
    *namedBlobs() {
      named ??= db.prepare(namedBlobs((name) => hasTable(db, name)));
      for (const row of named.iterate()) yield (row as { key: string }).key;
    },
    isLive(key) {
      const [, no, rest] = /^job\/(\d+)\/(.+)$/.exec(key) ?? [];
      if (no === undefined || rest === undefined) return !key.startsWith('health/');
      const state = stateOf(db, states, Number(no));
      return state !== '' && (state === 'kept' || !rest.startsWith('data/'));
    },
    close: () => db.close(),
  };
}

function hasTable(db: DatabaseSyncInstance, name: string): boolean {
  const query = "select 1 from sqlite_master where type = 'table' and name = ?";
  return db.prepare(query).get(name) !== undefined;
}

/** Objects of a job lie side by side, so it is asked for once. */
function stateOf(db: DatabaseSyncInstance, states: LRUCache<number, string>, no: number): string {
  let state = states.get(no);
  if (state === undefined) {
    const row = db.prepare('select data_state from job where no = ?').get(no);
    state = (row as { data_state: string } | undefined)?.data_state ?? '';
    states.set(no, state);
  }
  return state;
}
