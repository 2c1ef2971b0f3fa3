/** Lists of an account's transactions: what they can be filtered and ordered by, and pages of them. */
import type { RelatedEntityData, Transaction } from '@bytenite/contract';
import { sql, type RawBuilder } from 'kysely';
import type { Filter } from '../domain/filter.ts';
import { PRICE_UNITS_PER_BYTECHIP } from '../domain/price.ts';
import { dialectOf } from './dialect.ts';
import { directionOf, passesAll, totalOf, type Field, type FieldOrder } from './filters.ts';
import type { Db, Store } from './store.ts';
import type { LedgerRow, LedgerTable } from './tables.ts';

/** A transaction with what the account had after it. */
export type AccountTransaction = LedgerRow & { balance: number };

type ScalarOf<T> = {
  [K in keyof T & string]: T[K] extends string | number | null ? K : never;
}[keyof T & string];
type DataField = Extract<
  keyof RelatedEntityData,
  'jobId' | 'jobName' | 'jobTemplate' | 'couponCode'
>;

const TEXT = { kind: 'text' } as const;
const NUMBER = { kind: 'number' } as const;
const TIME = { kind: 'time' } as const;

/** Every scalar field of a Transaction, and what it was for. */
export const TRANSACTION_FIELDS: Readonly<
  Record<ScalarOf<Transaction> | `relatedEntityData.${DataField}`, Field>
> = {
  id: { ...TEXT, value: column('id') },
  createdAt: { ...TIME, value: column('created_at') },
  accountFrom: { ...TEXT, value: column('account_from') },
  accountTo: { ...TEXT, value: column('account_to') },
  amount: { ...NUMBER, value: byteChips('ledger.amount') },
  transactionType: { ...TEXT, value: column('type') },
  notes: { ...TEXT, value: column('notes') },
  transactionData: { ...TEXT, value: () => sql`cast('' as text)` },
  hash: { ...TEXT, value: column('hash') },
  description: { ...TEXT, value: column('description') },
  balance: { ...NUMBER, value: byteChips('ledger_entry.balance') },
  'relatedEntityData.jobId': { ...TEXT, value: of('payment', 'entity_id') },
  'relatedEntityData.jobName': { ...TEXT, value: of('payment', 'entity_name') },
  'relatedEntityData.jobTemplate': { ...TEXT, value: of('payment', 'template') },
  'relatedEntityData.couponCode': { ...TEXT, value: of('coupon', 'entity_name') },
};

export interface TransactionListQuery {
  account: string;
  filters: readonly Filter<Field>[];
  /** Null: the newest first. Transactions of equal value come in the order of their ids. */
  order: FieldOrder | null;
  limit: number;
  offset: number;
  now: number;
}

/** A page of an account's transactions, and how many pass the filters. */
export async function listTransactions(
  { reads, dialect }: Pick<Store, 'reads' | 'dialect'>,
  { account, filters, order, limit, offset, now }: TransactionListQuery,
): Promise<{ rows: AccountTransaction[]; total: number }> {
  const scope = { dialect: dialectOf(dialect), now };
  const wanted = ofAccount(reads, account).where(passesAll(filters, scope));
  const columns = wanted.selectAll('ledger').select('ledger_entry.balance');
  const sorted =
    order === null
      ? columns.orderBy('ledger_entry.no', 'desc')
      : columns
          .orderBy(order.field.value(scope), directionOf(order.descending, false))
          .orderBy('ledger.id', order.descending ? 'desc' : 'asc');
  // One more than asked for: where it is missing, nothing more needs to be counted.
  const page = { limit: limit + 1, offset };
  const rows = await sorted.limit(page.limit).offset(offset).execute();
  const count = wanted.select((e) => e.fn.countAll<number>().as('n'));
  const total = await totalOf(page, rows.length, () => count.executeTakeFirstOrThrow());
  return { rows: rows.slice(0, limit), total };
}

/** The next of an account's transactions, oldest first. */
export async function accountTransactionsAfter(
  { reads }: Pick<Store, 'reads'>,
  { account, after, limit }: { account: string; after: number; limit: number },
): Promise<AccountTransaction[]> {
  return ofAccount(reads, account)
    .selectAll('ledger')
    .select('ledger_entry.balance')
    .where('ledger_entry.no', '>', after)
    .orderBy('ledger_entry.no')
    .limit(limit)
    .execute();
}

function ofAccount(db: Db, account: string) {
  return db
    .selectFrom('ledger_entry')
    .innerJoin('ledger', 'ledger.no', 'ledger_entry.no')
    .where('ledger_entry.account', '=', account);
}

function column(name: keyof LedgerTable): Field['value'] {
  return () => sql.ref(`ledger.${name}`);
}

/** A column that only transactions of one type have. */
function of(type: string, name: keyof LedgerTable): Field['value'] {
  return () => sql`case when ledger.type = ${type} then ${sql.ref(`ledger.${name}`)} else '' end`;
}

/** As the wire divides it, so that equal numbers are equal. */
function byteChips(name: string): () => RawBuilder<unknown> {
  return () => sql`cast(${sql.ref(name)} as double precision) / ${PRICE_UNITS_PER_BYTECHIP}`;
}
