import { sql, type Kysely, type Migration } from 'kysely';
import type { DialectTraits } from '../dialect.ts';

type Cluster = DialectTraits['cluster'];

/** The book: transactions in one chain, what each did to the accounts, balances, coupons. */
export function wallet({ cluster }: DialectTraits): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await paidOfJobs(db);
      await book(db, cluster);
      await coupons(db, cluster);
    },
  };
}

/** Bringing a platform up to date sends no bill: what ended before there was a book counts as paid. */
async function paidOfJobs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('job')
    .addColumn('paid', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await sql`update job set paid = price where state in ('COMPLETE', 'FAILED')`.execute(db);
}

async function book(db: Kysely<unknown>, cluster: Cluster): Promise<void> {
  await db.schema
    .createTable('ledger')
    .addColumn('no', 'integer', (c) => c.primaryKey())
    .addColumn('id', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('account_from', 'text', (c) => c.notNull())
    .addColumn('account_to', 'text', (c) => c.notNull())
    .addColumn('amount', 'bigint', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('notes', 'text', (c) => c.notNull())
    .addColumn('entity_id', 'text', (c) => c.notNull())
    .addColumn('entity_name', 'text', (c) => c.notNull())
    .addColumn('template', 'text', (c) => c.notNull())
    .addColumn('job', 'integer')
    .addColumn('run', 'integer')
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('ledger_payment')
    .on('ledger')
    .columns(['job', 'run'])
    .unique()
    .where(sql.ref('job'), 'is not', null)
    .execute();
  await cluster(
    db.schema
      .createTable('ledger_entry')
      .addColumn('account', 'text', (c) => c.notNull())
      .addColumn('no', 'integer', (c) => c.notNull().references('ledger.no'))
      .addColumn('amount', 'bigint', (c) => c.notNull())
      .addColumn('balance', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('ledger_entry_pk', ['account', 'no']),
  ).execute();
  await db.schema.createIndex('ledger_entry_no').on('ledger_entry').columns(['no']).execute();
  await db.schema
    .createTable('wallet')
    .addColumn('account', 'text', (c) => c.primaryKey())
    .addColumn('balance', 'bigint', (c) => c.notNull())
    .execute();
}

async function coupons(db: Kysely<unknown>, cluster: Cluster): Promise<void> {
  await db.schema
    .createTable('coupon')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('code', 'text', (c) => c.notNull().unique())
    .addColumn('amount', 'bigint', (c) => c.notNull())
    .addColumn('max_uses', 'integer', (c) => c.notNull())
    .addColumn('uses', 'integer', (c) => c.notNull())
    .addColumn('notes', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await cluster(
    db.schema
      .createTable('redemption')
      .addColumn('coupon', 'text', (c) => c.notNull().references('coupon.id'))
      .addColumn('account', 'text', (c) => c.notNull().references('account.id'))
      .addColumn('no', 'integer', (c) => c.notNull().references('ledger.no'))
      .addPrimaryKeyConstraint('redemption_pk', ['coupon', 'account']),
  ).execute();
}
