import { sql, type Kysely, type Migration } from 'kysely';

export const users: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('api_key').addColumn('last_used_at', 'bigint').execute();
    await db.schema.createIndex('api_key_account').on('api_key').columns(['account']).execute();
    await db.schema
      .createIndex('access_token_key')
      .on('access_token')
      .columns(['api_key'])
      .execute();
    // Names that differ in case only would be taken for one another.
    await db.schema
      .createIndex('account_user_name')
      .on('account')
      .expression(sql`lower(user_name)`)
      .unique()
      .execute();
  },
};
