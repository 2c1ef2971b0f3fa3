/** A copy of an SQLite database as it is at one moment, taken while it is being written to. */
import { Kysely, sql } from 'kysely';
import { sqliteReader } from './sqlite-reader.ts';

/**
 * Writes the copy as a new file. It is made in a thread of its own, from a snapshot that later commits do
 * not change, so that nobody waits for it.
 */
export async function writeSnapshot(file: string, target: string): Promise<void> {
  const reader = new Kysely<unknown>({ dialect: sqliteReader(file) });
  try {
    await sql`vacuum into ${target}`.execute(reader);
  } finally {
    await reader.destroy();
  }
}
