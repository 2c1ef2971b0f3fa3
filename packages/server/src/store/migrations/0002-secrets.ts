import type { Kysely, Migration } from 'kysely';

export const secrets: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('data_key')
      .addColumn('account', 'text', (c) => c.primaryKey().references('account.id'))
      .addColumn('master', 'text', (c) => c.notNull())
      .addColumn('wrapped', 'text', (c) => c.notNull())
      .execute();
    await db.schema
      .createTable('secret')
      .addColumn('account', 'text', (c) => c.notNull().references('account.id'))
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('type', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('sealed', 'text', (c) => c.notNull())
      .addColumn('expires_at', 'bigint')
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('secret_key', ['account', 'id'])
      .execute();
  },
};
