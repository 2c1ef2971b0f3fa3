/** The book. A transaction, its two entries and the two balances are written together or not at all. */
import { sql } from 'kysely';
import { hashOfTransaction, PLATFORM, type LedgerRecord } from '../domain/ledger.ts';
import type { Db, Tx } from './store.ts';
import type { LedgerRow } from './tables.ts';

export type NewTransaction = Omit<LedgerRecord, 'no' | 'account_from' | 'account_to'> & {
  /** Who has the other side of it; one side is always the platform. */
  account: string;
  direction: 'to platform' | 'from platform';
};

export interface Booked {
  row: LedgerRow;
  /** Of the account, and of the platform, after it. */
  balance: number;
  platformBalance: number;
}

/**
 * Books a transaction. The platform's balance is changed first: its row is the book's lock, so that chain
 * and numbers have no gap, and it is the last lock that a transaction takes.
 */
export async function bookTransaction(tx: Tx, transaction: NewTransaction): Promise<Booked> {
  const { account, direction, ...content } = transaction;
  const toPlatform = direction === 'to platform' ? content.amount : -content.amount;
  const platformBalance = await changeBalance(tx, PLATFORM, toPlatform);
  const balance = await changeBalance(tx, account, -toPlatform);
  const last = await lastTransaction(tx);
  const record = {
    ...content,
    no: (last?.no ?? 0) + 1,
    account_from: direction === 'to platform' ? account : PLATFORM,
    account_to: direction === 'to platform' ? PLATFORM : account,
  };
  const hash = hashOfTransaction(last?.hash ?? '', record);
  const row = { ...record, hash };
  await tx.insertInto('ledger').values(row).execute();
  const { no } = row;
  await tx
    .insertInto('ledger_entry')
    .values([
      { account: PLATFORM, no, amount: toPlatform, balance: platformBalance },
      { account, no, amount: -toPlatform, balance },
    ])
    .execute();
  return { row, balance, platformBalance };
}

async function changeBalance(tx: Tx, account: string, by: number): Promise<number> {
  const { balance } = await tx
    .insertInto('wallet')
    .values({ account, balance: by })
    .onConflict((c) =>
      c.column('account').doUpdateSet({ balance: sql`wallet.balance + excluded.balance` }),
    )
    .returning('balance')
    .executeTakeFirstOrThrow();
  return balance;
}

/** The end of the chain. */
export async function lastTransaction(db: Db): Promise<LedgerRow | undefined> {
  return db.selectFrom('ledger').selectAll().orderBy('no', 'desc').limit(1).executeTakeFirst();
}

/** What an account has; nothing was ever booked for one that is not there. */
export async function balanceOf(db: Db, account: string): Promise<number> {
  const row = await db
    .selectFrom('wallet')
    .select('balance')
    .where('account', '=', account)
    .executeTakeFirst();
  return row?.balance ?? 0;
}

/** A stretch of the chain, in order. */
export async function transactionsAfter(db: Db, no: number, limit: number): Promise<LedgerRow[]> {
  return db
    .selectFrom('ledger')
    .selectAll()
    .where('no', '>', no)
    .orderBy('no')
    .limit(limit)
    .execute();
}

/** Entries of a stretch of the chain. */
export async function entriesBetween(db: Db, first: number, last: number) {
  return db
    .selectFrom('ledger_entry')
    .selectAll()
    .where('no', '>=', first)
    .where('no', '<=', last)
    .execute();
}

/** Balances that are not the sum of their entries, all seen at one moment. */
export async function wrongBalances(
  db: Db,
  limit: number,
): Promise<{ account: string; balance: number; sum: number }[]> {
  const sums = db
    .selectFrom('ledger_entry')
    .select(['account', sql<number>`cast(sum(amount) as bigint)`.as('total')])
    .groupBy('account')
    .as('sums');
  const sum = sql<number>`coalesce(sums.total, 0)`;
  return db
    .selectFrom('wallet')
    .fullJoin(sums, 'sums.account', 'wallet.account')
    .select([
      sql<string>`coalesce(wallet.account, sums.account)`.as('account'),
      sql<number>`coalesce(wallet.balance, 0)`.as('balance'),
      sum.as('sum'),
    ])
    .where(sql`coalesce(wallet.balance, 0)`, '<>', sum)
    .limit(limit)
    .execute();
}
