import type { Kysely, Migration } from 'kysely';

/** What waits is taken in this order; a retry lets thousands of chunks wait since the same moment. */
export const readyOrder: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.dropIndex('ready_due').execute();
    await db.schema
      .createIndex('ready_due')
      .on('ready')
      .columns(['job', 'ready_at', 'chunk'])
      .execute();
  },
};
