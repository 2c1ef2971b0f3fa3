import { DatabaseSync } from '@photostructure/sqlite';

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

/**
 * SQLite has one server. The lock is the operating system's, taken through a database file of its own:
 * it ends with the process, however that ends.
 */
export function lockDataDir(file: string): { release: () => void } {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = DELETE');
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw new AlreadyRunning(`another server is using this data directory (${file} is locked)`, {
      cause: error,
    });
  }
  return {
    release() {
      db.close();
    },
  };
}
