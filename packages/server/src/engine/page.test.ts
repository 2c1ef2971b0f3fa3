import { describe, expect, it } from 'vitest';
import { orderOf, pageOf, paginationOf } from './page.ts';

describe('pageOf', () => {
  it.each([
    [{}, { limit: 20, offset: 0 }],
    [
      { limit: 0, offset: 5 },
      { limit: 20, offset: 5 },
    ],
    [{ limit: 1000 }, { limit: 1000, offset: 0 }],
    [{ limit: 5000 }, { limit: 1000, offset: 0 }],
  ])('reads %j', (query, page) => {
    expect(pageOf(query)).toEqual(page);
  });
});

it('tells whether there is more on either side', () => {
  expect(paginationOf(41, { limit: 20, offset: 20 })).toEqual({
    total: 41,
    offset: 20,
    hasPrevious: true,
    hasNext: true,
  });
  expect(paginationOf(40, { limit: 20, offset: 20 }).hasNext).toBe(false);
  expect(paginationOf(0, { limit: 20, offset: 20 }).hasPrevious).toBe(false);
});

describe('orderOf', () => {
  const columns = { createdAt: 'created_at', name: 'name' } as const;

  it.each([
    ['createdAt', 'created_at', false],
    ['createdAt asc', 'created_at', false],
    ['created_at', 'created_at', false],
    ['-createdAt', 'created_at', true],
    ['name desc', 'name', true],
    [' name  DESC ', 'name', true],
  ] as const)('reads %j', (orderBy, column, descending) => {
    expect(orderOf(orderBy, columns, null)).toEqual({ column, descending });
  });

  it.each(['price', '-', 'name up', '-name desc', 'constructor', 'name,createdAt'])(
    'refuses %j',
    (orderBy) => {
      expect(() => orderOf(orderBy, columns, null)).toThrow('orderBy');
    },
  );

  it.each([undefined, '', ' '])('leaves the order to the list without one (%j)', (orderBy) => {
    expect(orderOf(orderBy, columns, 'newest')).toBe('newest');
  });
});
