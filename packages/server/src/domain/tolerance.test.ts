import { expect, it } from 'vitest';
import { parseTolerance, toleratedOf } from './tolerance.ts';

it.each([
  ['', 1000, 0],
  ['0', 1000, 0],
  ['3', 1000, 3],
  ['3', 2, 3],
  ['2%', 1000, 20],
  ['2%', 49, 0],
  ['2%', 50, 1],
  ['2.5%', 1000, 25],
  ['0.57%', 10_000, 57],
  ['0.0001%', 1_000_000, 1],
  ['100%', 7, 7],
  ['0%', 7, 0],
  ['33%', 0, 0],
])('%j of %i chunks is %i', (text, chunks, count) => {
  expect(toleratedOf(text, chunks)).toBe(count);
});

it.each([
  '-1',
  '1.5',
  '101%',
  '100.1%',
  '%',
  'two',
  '2 %',
  ' 2%',
  '1e3',
  '0.00001%',
  '12345678901',
])('%j is no tolerance', (text) => {
  expect(parseTolerance(text)).toBeNull();
  expect(() => toleratedOf(text, 10)).toThrow(text);
});
