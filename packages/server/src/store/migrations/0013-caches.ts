import type { Kysely, Migration } from 'kysely';

/** What was put into caches, how they changed, and what runners say lies in them. */
export const caches: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('cache')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('revision', 'integer', (c) => c.notNull())
      .addColumn('token', 'text', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('files', 'integer', (c) => c.notNull())
      .execute();
    await db.schema
      .createTable('cache_file')
      .addColumn('cache', 'text', (c) => c.notNull())
      .addColumn('path', 'text', (c) => c.notNull())
      .addColumn('revision', 'integer', (c) => c.notNull())
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('sha256', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('cache_file_key', ['cache', 'path'])
      .execute();
    await db.schema
      .createIndex('cache_file_revision')
      .on('cache_file')
      .columns(['cache', 'revision'])
      .execute();
    // The sweep of orphans asks for it.
    await db.schema.createIndex('cache_file_blob').on('cache_file').columns(['key']).execute();
    await db.schema
      .createTable('cache_change')
      .addColumn('cache', 'text', (c) => c.notNull())
      .addColumn('revision', 'integer', (c) => c.notNull())
      .addColumn('token', 'text', (c) => c.notNull())
      .addColumn('removed', 'text')
      .addPrimaryKeyConstraint('cache_change_key', ['cache', 'revision'])
      .execute();
    await db.schema
      .createTable('cache_listing')
      .addColumn('account', 'text', (c) => c.notNull())
      .addColumn('runner', 'text', (c) => c.notNull())
      .addColumn('version', 'text', (c) => c.notNull())
      .addColumn('files', 'text', (c) => c.notNull())
      .addColumn('is_cut', 'integer', (c) => c.notNull())
      .addColumn('listed_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('cache_listing_key', ['account', 'runner'])
      .execute();
  },
};
