import { sql, type Kysely, type Migration } from 'kysely';

export const components: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('revision').addColumn('token', 'text').execute();
    await db.schema.alterTable('revision').addColumn('origin', 'text').execute();
    await db.schema
      .createIndex('pin_revision')
      .on('pin')
      .columns(['component', 'revision'])
      .execute();
    await db.schema
      .createIndex('component_deleted')
      .on('component')
      .columns(['deleted_at'])
      .where(sql.ref('deleted_at'), 'is not', null)
      .execute();
    for (const [table, columns] of [
      ['component', ['name']],
      ['template', ['id']],
    ] as const) {
      await db.schema
        .createIndex(`${table}_public`)
        .on(table)
        .columns([...columns])
        .where(sql.ref('is_public'), '=', sql.lit(1))
        .execute();
    }
  },
};
