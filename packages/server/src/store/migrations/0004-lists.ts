import type { Kysely, Migration } from 'kysely';

/** What lists are mostly ordered by, with the id for ties. */
const ORDERS = ['created_at', 'state', 'name', 'template_id'];
/** What they are mostly filtered by, for pages with the newest first. */
const FILTERS = ['state', 'name', 'template_id'];

export const lists: Migration = {
  async up(db: Kysely<unknown>) {
    for (const column of ORDERS) {
      await db.schema
        .createIndex(`job_by_${column}`)
        .on('job')
        .columns(['account', column, 'id'])
        .execute();
    }
    for (const column of FILTERS) {
      await db.schema
        .createIndex(`job_with_${column}`)
        .on('job')
        .columns(['account', column, 'no'])
        .execute();
    }
    await db.schema
      .createIndex('log_pack_time')
      .on('log_pack')
      .columns(['job', 'to_at', 'n'])
      .execute();
  },
};
