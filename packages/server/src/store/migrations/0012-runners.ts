import { sql, type Kysely, type Migration } from 'kysely';

/** Tokens with which runners join from other hosts, and the runners as all servers know them. */
export const runners: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('runner_token')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('hash', 'text', (c) => c.notNull().unique())
      .addColumn('fingerprint', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('revoked_at', 'bigint')
      .execute();
    // Runners are known by it, so only one at a time may have it.
    await db.schema
      .createIndex('runner_token_name')
      .on('runner_token')
      .columns(['name'])
      .unique()
      .where(sql.ref('revoked_at'), 'is', null)
      .execute();
    await db.schema
      .createTable('runner')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('token', 'text', (c) => c.notNull())
      .addColumn('incarnation', 'text', (c) => c.notNull())
      .addColumn('instance', 'text', (c) => c.notNull())
      .addColumn('facts', 'text', (c) => c.notNull())
      .addColumn('registered_at', 'bigint', (c) => c.notNull())
      .addColumn('seen_at', 'bigint', (c) => c.notNull())
      .addColumn('draining', 'integer', (c) => c.notNull())
      .addColumn('drain_reason', 'text', (c) => c.notNull())
      .execute();
  },
};
