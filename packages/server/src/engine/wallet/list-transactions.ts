import type { PageInput, PageQuery, Pagination } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseFilters } from '../../domain/filter.ts';
import {
  accountTransactionsAfter,
  listTransactions as listRows,
  TRANSACTION_FIELDS,
  type AccountTransaction,
} from '../../store/transaction-list.ts';
import type { Account } from '../auth/account.ts';
import { orderOf, pageOf, paginationOf } from '../page.ts';

export type { AccountTransaction };

export interface TransactionPage {
  pagination: Pagination;
  transactions: AccountTransaction[];
}

export async function listTransactions(
  ctx: Context,
  account: Pick<Account, 'id'>,
  query: PageQuery,
): Promise<TransactionPage> {
  const { limit, offset, orderBy } = query;
  return filterTransactions(ctx, account, { pagination: { limit, offset }, orderBy });
}

export async function filterTransactions(
  ctx: Context,
  account: Pick<Account, 'id'>,
  input: PageInput,
): Promise<TransactionPage> {
  const page = pageOf(input.pagination ?? {});
  const order = orderOf(input.orderBy, TRANSACTION_FIELDS, null);
  const { rows, total } = await listRows(ctx.store, {
    account: account.id,
    filters: parseFilters(input.filters ?? [], TRANSACTION_FIELDS),
    order: order && { field: order.column, descending: order.descending },
    ...page,
    now: ctx.now(),
  });
  return { pagination: paginationOf(total, page), transactions: rows };
}

const ROWS_PER_PAGE = 1000;

/** All transactions of an account, oldest first, a page at a time. */
export async function* allTransactions(
  ctx: Context,
  account: Pick<Account, 'id'>,
): AsyncGenerator<AccountTransaction[]> {
  let after = 0;
  for (;;) {
    const page = { account: account.id, after, limit: ROWS_PER_PAGE };
    const rows = await accountTransactionsAfter(ctx.store, page);
    if (rows.length > 0) yield rows;
    if (rows.length < ROWS_PER_PAGE) return;
    after = rows.at(-1)?.no ?? after;
  }
}
