import type { Db } from './store.ts';

/** A fact about the installation; the first process that asks makes it, all others read it. */
export async function readOrCreateMeta(db: Db, key: string, create: () => string): Promise<string> {
  const known = await readMeta(db, key);
  if (known !== null) return known;
  await db
    .insertInto('meta')
    .values({ key, value: create() })
    .onConflict((c) => c.column('key').doNothing())
    .execute();
  const made = await readMeta(db, key);
  if (made === null) throw new Error(`meta ${key} is gone`);
  return made;
}

export async function readMeta(db: Db, key: string): Promise<string | null> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value ?? null;
}

export async function writeMeta(db: Db, key: string, value: string): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute();
}

/** Rejects when the database does not answer. */
export async function pingStore(db: Db): Promise<void> {
  await db.selectFrom('meta').select('key').limit(1).execute();
}
