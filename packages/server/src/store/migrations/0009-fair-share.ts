import { sql, type Kysely, type Migration } from 'kysely';
import { PRIORITY_RANK } from '../priority-rank.ts';

/** What accounts used of late and may use at a time, and the order in which their jobs wait. */
export const fairShare: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('job')
      .addColumn('priority', 'text', (c) => c.notNull().defaultTo('UNDEFINED'))
      .execute();
    await db.schema.alterTable('account').addColumn('limits', 'text').execute();
    await db.schema
      .createTable('usage')
      .addColumn('account', 'text', (c) => c.primaryKey().references('account.id'))
      .addColumn('amount', 'real', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .execute();
    await db.schema
      .createIndex('job_waiting')
      .on('job')
      .column('account')
      .expression(PRIORITY_RANK)
      .column('no')
      .where(sql.ref('state'), 'not in', sql`('NEW', 'COMPLETE', 'FAILED')`)
      .execute();
  },
};
