import { sql, type Kysely, type Migration } from 'kysely';

/**
 * What waits may ask for more than its component does. The few kinds of such tasks are found one by one, and
 * those of a kind in their order, whatever number of others waits.
 */
export const learningAttempts: Migration = {
  async up(db: Kysely<unknown>) {
    for (const [table, memory] of [
      ['ready', 'memory_bytes'],
      ['lease', 'raised_bytes'],
    ] as const) {
      for (const [column, type] of [
        [memory, 'bigint'],
        ['alone', 'integer'],
      ] as const) {
        await db.schema
          .alterTable(table)
          .addColumn(column, type, (c) => c.notNull().defaultTo(0))
          .execute();
      }
    }
    await db.schema
      .createIndex('ready_class')
      .on('ready')
      .columns(['job', 'alone', 'memory_bytes', 'ready_at', 'chunk'])
      .execute();
    // Asked for each time that a runner wants tasks.
    await db.schema
      .createIndex('lease_alone')
      .on('lease')
      .columns(['runner'])
      .where(sql.ref('alone'), '=', 1)
      .execute();
  },
};
