import type { Db } from './store.ts';

/** A fact about the installation; the first process that asks makes it, all others read it. */
export async function readOrCreateMeta(db: Db, key: string, create: () => string): Promise<string> {
  const read = () =>
    db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  const known = await read();
  if (known !== undefined) return known.value;
  await db
    .insertInto('meta')
    .values({ key, value: create() })
    .onConflict((c) => c.column('key').doNothing())
    .execute();
  const made = await read();
  if (made === undefined) throw new Error(`meta ${key} is gone`);
  return made.value;
}

/** Rejects when the database does not answer. */
export async function pingStore(db: Db): Promise<void> {
  await db.selectFrom('meta').select('key').limit(1).execute();
}
