import { expect, it } from 'vitest';
import { parseChunks, sizeOf } from './chunk-ranges.ts';

it.each([
  ['3', [[3, 3]], 1],
  [
    '3,7-9',
    [
      [3, 3],
      [7, 9],
    ],
    4,
  ],
  [
    ' 9 , 1 - 2 ',
    [
      [1, 2],
      [9, 9],
    ],
    3,
  ],
  ['1-5,4-6,7', [[1, 7]], 7],
  ['1-9,2-3', [[1, 9]], 9],
  ['2,2,2', [[2, 2]], 1],
  ['0-9', [[0, 9]], 10],
])('%j', (text, ranges, size) => {
  const parsed = parseChunks(text, 10);
  expect(parsed.map(({ first, last }) => [first, last])).toEqual(ranges);
  expect(sizeOf(parsed)).toBe(size);
});

it.each(['', ',', '1,', 'a', '1-', '-1', '9-1', '1.5', '1 2', '0x1', '99999999999'])(
  '%j is no list of chunks',
  (text) => {
    expect(() => parseChunks(text, 10)).toThrow(/^chunks must be numbers and ranges such as 3,7-9/);
  },
);

it('names the chunk that the job does not have', () => {
  expect(() => parseChunks('1,8-10', 10)).toThrow('chunks names chunk 10; the job has 10');
});

it('is bounded', () => {
  expect(() => parseChunks('1,'.repeat(1000) + '1', 10)).toThrow('at most 1000 can be named');
});
