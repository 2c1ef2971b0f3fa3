import path from 'node:path';

/** Where a data directory has its database. */
export function databaseFile(dataDir: string): string {
  return path.join(dataDir, 'bytenite.db');
}
