/** Pagination and order of lists (contract 1.5). */
import { invalid, type Pagination } from '@bytenite/contract';
import { findField } from '../domain/filter.ts';

export interface Page {
  limit: number;
  offset: number;
}

export interface Order<Column> {
  column: Column;
  descending: boolean;
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

/** The page a query asks for; 0 means the default, more than the maximum means the maximum. */
export function pageOf(query: { limit?: number | undefined; offset?: number | undefined }): Page {
  const limit = query.limit ?? 0;
  return {
    limit: limit === 0 ? DEFAULT_LIMIT : Math.min(limit, MAX_LIMIT),
    offset: query.offset ?? 0,
  };
}

/** The reply block for a page of `total` entries. */
export function paginationOf(total: number, page: Page): Pagination {
  return {
    total,
    offset: page.offset,
    hasPrevious: page.offset > 0 && total > 0,
    hasNext: page.offset + page.limit < total,
  };
}

/**
 * Reads `field`, `field asc`, `-field` or `field desc`. `columns` names the wire's fields (snake_case is
 * taken too) and their columns; without an order it is `fallback`.
 */
export function orderOf<Column, Fallback>(
  orderBy: string | undefined,
  columns: Readonly<Record<string, Column>>,
  fallback: Fallback,
): Order<Column> | Fallback {
  const text = orderBy?.trim() ?? '';
  if (text === '') return fallback;
  const match = /^([-+]?)([\w.]+)(?:\s+(asc|desc))?$/i.exec(text);
  const column = findField(match?.[2] ?? '', columns);
  if (match === null || column === undefined || (match[1] === '-' && match[3] !== undefined)) {
    throw invalid(`orderBy: cannot order by ${JSON.stringify(text)}`, [
      { field: 'orderBy', description: `must be one of ${Object.keys(columns).join(', ')}` },
    ]);
  }
  return { column, descending: match[1] === '-' || match[3]?.toLowerCase() === 'desc' };
}

export interface ListQuery {
  limit?: number | undefined;
  offset?: number | undefined;
  orderBy?: string | undefined;
}

/** Reads the order of a list that is the newest first without one; `fields` are what it can be ordered by. */
export function newestFirst<Field extends string>(
  orderBy: string | undefined,
  fields: readonly (Field | 'createdAt')[],
): Order<Field | 'createdAt'> {
  const columns = Object.fromEntries(fields.map((field) => [field, field])) as Record<
    string,
    Field | 'createdAt'
  >;
  return orderOf(orderBy, columns, { column: 'createdAt', descending: true });
}

/** Wire fields and what rows are sorted by for each; `id` decides ties, `createdAt` is the default. */
export type SortKeys<Row> = Readonly<
  Record<'id' | 'createdAt', (row: Row) => string | number> &
    Record<string, (row: Row) => string | number>
>;

/** Sorts rows of a list that is short enough to be sorted here. */
export function sortRows<Row>(
  rows: readonly Row[],
  orderBy: string | undefined,
  keys: SortKeys<Row>,
): Row[] {
  const fields = Object.fromEntries(Object.keys(keys).map((field) => [field, field]));
  const order = orderOf(orderBy, fields, { column: 'createdAt', descending: true });
  const keyOf = keys[order.column] ?? keys.createdAt;
  const sign = order.descending ? -1 : 1;
  return rows.toSorted(
    (a, b) => sign * compare(keyOf(a), keyOf(b)) || compare(keys.id(a), keys.id(b)),
  );
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
