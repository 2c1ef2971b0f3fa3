/** What lists can be filtered and ordered by: a table of fields for each list, and one compiler for all. */
import {
  expressionBuilder,
  sql,
  type Expression,
  type OrderByModifiersCallbackExpression,
  type RawBuilder,
  type SqlBool,
} from 'kysely';
import type { FieldKind, FieldTest, Filter } from '../domain/filter.ts';
import type { DialectTraits } from './dialect.ts';
import type { Tables } from './tables.ts';

/** A field of the wire, and its value in SQL. */
export type Field = FieldKind & { value: (scope: FieldScope) => RawBuilder<unknown> };

export interface FieldScope {
  dialect: DialectTraits;
  /** For values that grow with time. */
  now: number;
}

export interface FieldOrder {
  field: Field;
  descending: boolean;
}

/** All filters as one condition; true without any. */
export function passesAll(
  filters: readonly Filter<Field>[],
  scope: FieldScope,
): Expression<SqlBool> {
  const e = expressionBuilder<Tables>();
  return e.and(filters.map(({ field, test }) => passes(field, test, scope)));
}

/** Where a value can be unset, that comes before every value. */
export function directionOf(
  descending: boolean,
  canBeUnset: boolean,
): OrderByModifiersCallbackExpression {
  return (by) => {
    if (descending) return canBeUnset ? by.desc().nullsLast() : by.desc();
    return canBeUnset ? by.asc().nullsFirst() : by.asc();
  };
}

/** How many there are in all; a page that is not full says so itself. */
export async function totalOf(
  page: { limit: number; offset: number },
  found: number,
  count: () => Promise<{ n: number }>,
): Promise<number> {
  const isLast = found < page.limit && (found > 0 || page.offset === 0);
  return isLast ? page.offset + found : (await count()).n;
}

function passes(field: Field, test: FieldTest, scope: FieldScope): Expression<SqlBool> {
  const e = expressionBuilder<Tables>();
  const value = field.value(scope);
  const operand = (given: string | number) =>
    typeof given === 'number' ? scope.dialect.anyNumber(given) : given;
  switch (test.op) {
    case 'like':
      return scope.dialect.like(shownText(field, value, scope), test.pattern);
    case 'in':
      return test.values.length === 0
        ? sql<SqlBool>`1 = 0`
        : e(value, 'in', test.values.map(operand));
    case 'not in':
      return test.values.length === 0
        ? sql<SqlBool>`1 = 1`
        : e.or([e(value, 'is', null), e(value, 'not in', test.values.map(operand))]);
    case '=':
      return test.value === null ? e(value, 'is', null) : e(value, '=', operand(test.value));
    case '<>':
      // What is unset is different from every value.
      return test.value === null
        ? e(value, 'is not', null)
        : e(value, 'is distinct from', operand(test.value));
    default:
      return e(value, test.op, operand(test.value));
  }
}

/** A field's value as replies show it. */
function shownText(
  field: Field,
  value: RawBuilder<unknown>,
  { dialect }: FieldScope,
): RawBuilder<unknown> {
  switch (field.kind) {
    case 'text':
      return value;
    case 'number':
      return dialect.shown.number(value);
    case 'boolean':
      return sql`case ${value} when 1 then 'true' else 'false' end`;
    case 'time':
      return dialect.shown.time(value);
    case 'enum':
      return sql`${field.prefix} || ${value}`;
  }
}
