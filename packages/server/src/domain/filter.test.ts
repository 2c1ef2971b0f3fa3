import type { FilterInput } from '@bytenite/contract';
import { describe, expect, it } from 'vitest';
import { parseFilters, type FieldKind } from './filter.ts';

const FIELDS: Record<string, FieldKind> = {
  name: { kind: 'text' },
  duration: { kind: 'number' },
  'config.isTestJob': { kind: 'boolean' },
  createdAt: { kind: 'time' },
  state: { kind: 'enum', names: ['NEW', 'FAILED'], prefix: 'JOB_STATE_' },
};
const T = 'type.googleapis.com/google.protobuf.';

const testOf = (filter: FilterInput) => parseFilters([filter], FIELDS)[0]?.test;

describe('a value', () => {
  it.each<[string, unknown, string | number | null]>([
    ['name', 'a', 'a'],
    ['name', { '@type': `${T}StringValue`, value: 'a' }, 'a'],
    ['duration', 1.5, 1.5],
    ['duration', '1.5', 1.5],
    ['duration', { '@type': `${T}Int64Value`, value: '7' }, 7],
    ['duration', { '@type': `${T}DoubleValue`, value: 0.5 }, 0.5],
    ['config.isTestJob', true, 1],
    ['config.is_test_job', 'false', 0],
    ['config.isTestJob', { '@type': `${T}BoolValue`, value: true }, 1],
    ['createdAt', '2026-02-03T09:14:20Z', Date.UTC(2026, 1, 3, 9, 14, 20)],
    ['created_at', '2026-02-03T10:14:20.5+01:00', Date.UTC(2026, 1, 3, 9, 14, 20, 500)],
    ['createdAt', { '@type': `${T}Timestamp`, value: '2026-02-03T09:14:20Z' }, 1770110060000],
    ['createdAt', null, null],
    ['state', 'JOB_STATE_FAILED', 'FAILED'],
    ['state', 'failed', 'FAILED'],
    ['state', 1, 'FAILED'],
    ['state', '0', 'NEW'],
  ])('of %s: %j', (field, value, expected) => {
    expect(testOf({ field, value })).toEqual({ op: '=', value: expected });
  });
});

describe('a condition', () => {
  it.each([
    ['EQ', 'a', { op: '=', value: 'a' }],
    ['NEQ', 'a', { op: '<>', value: 'a' }],
    ['GT', 'a', { op: '>', value: 'a' }],
    ['GTE', 'a', { op: '>=', value: 'a' }],
    ['LT', 'a', { op: '<', value: 'a' }],
    ['LTE', 'a', { op: '<=', value: 'a' }],
    ['ARRAY_CONTAINS', 'a', { op: '=', value: 'a' }],
    ['ARRAY_CONTAINS_ANY', ['a', 'b'], { op: 'in', values: ['a', 'b'] }],
    ['IN', ['a', 'b'], { op: 'in', values: ['a', 'b'] }],
    ['IN', 'a', { op: 'in', values: ['a'] }],
    ['IN', [], { op: 'in', values: [] }],
    ['IN', { '@type': `${T}ListValue`, value: ['a'] }, { op: 'in', values: ['a'] }],
    ['NOT_IN', ['a'], { op: 'not in', values: ['a'] }],
    ['LIKE', 'a', { op: 'like', pattern: '%a%' }],
    ['LIKE', 'a%', { op: 'like', pattern: 'a%' }],
    ['LIKE', '_a', { op: 'like', pattern: '_a' }],
  ] as const)('%s %j', (condition, value, expected) => {
    expect(testOf({ field: 'name', condition, value })).toEqual(expected);
  });
});

describe('a mistake', () => {
  it.each<[FilterInput, string, RegExp]>([
    [{ field: 'nothing', value: 1 }, 'filters.0.field', /"nothing" must be one of name, duration/],
    [{ field: '__proto__', value: 1 }, 'filters.0.field', /must be one of/],
    [{ field: 'name' }, 'filters.0.value', /for name is required/],
    [{ field: 'name', value: 1 }, 'filters.0.value', /for name must be text/],
    [{ field: 'name', value: ['a'] }, 'filters.0.value', /must be a single value/],
    [{ field: 'name', value: { a: 1 } }, 'filters.0.value', /must be a scalar, a list/],
    [{ field: 'name', value: 'a\0' }, 'filters.0.value', /must not contain NUL/],
    [{ field: 'name', value: { '@type': 'x', value: 1 } }, 'filters.0.value', /no google.protobuf/],
    [{ field: 'duration', value: 'long' }, 'filters.0.value', /must be a number/],
    [{ field: 'duration', value: '' }, 'filters.0.value', /must be a number/],
    [{ field: 'config.isTestJob', value: 1 }, 'filters.0.value', /must be true or false/],
    [{ field: 'createdAt', value: 'yesterday' }, 'filters.0.value', /for createdAt/],
    [
      { field: 'state', value: 'DONE' },
      'filters.0.value',
      /one of JOB_STATE_NEW, JOB_STATE_FAILED/,
    ],
    [{ field: 'state', value: 9 }, 'filters.0.value', /must be one of/],
    [
      { field: 'name', condition: 'IN', value: Array.from({ length: 1001 }, () => 'a') },
      'filters.0.value',
      /at most 1000/,
    ],
    [
      { field: 'name', condition: 'LIKE', value: 'a'.repeat(257) },
      'filters.0.value',
      /at most 256/,
    ],
  ])('%j is named', (filter, field, message) => {
    expect(() => testOf(filter)).toThrow(
      expect.objectContaining({
        kind: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
        violations: [expect.objectContaining({ field })],
      }),
    );
  });
});
