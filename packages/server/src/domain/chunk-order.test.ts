import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderChunks } from './chunk-order.ts';

function order(...paths: string[]): string[] {
  return orderChunks(paths.map((path) => ({ path }))).map(({ path }) => path);
}

describe('the order of chunks', () => {
  it('is by number where all are named data_<i>.bin', () => {
    expect(order('data_10.bin', 'data_9.bin', 'data_0.bin', 'data_100.bin')).toEqual([
      'data_0.bin',
      'data_9.bin',
      'data_10.bin',
      'data_100.bin',
    ]);
  });

  it('tells numbers apart that no float can', () => {
    const names = ['data_9007199254740993.bin', 'data_9007199254740992.bin'];
    expect(order(...names)).toEqual(names.toReversed());
  });

  it('is the natural order of the paths where any has another name', () => {
    expect(order('data_10.bin', 'data_9.bin', 'part', 'data_1.bin')).toEqual([
      'data_1.bin',
      'data_9.bin',
      'data_10.bin',
      'part',
    ]);
    expect(order('b/2.txt', 'a/10.txt', 'a/9.txt', 'b/1.txt')).toEqual([
      'a/9.txt',
      'a/10.txt',
      'b/1.txt',
      'b/2.txt',
    ]);
  });

  it('takes data_<i>.bin in a folder for another name', () => {
    expect(order('data_2.bin', 'x/data_1.bin')).toEqual(['data_2.bin', 'x/data_1.bin']);
  });

  it('is one order whatever order the files come in, also where numbers are equal', () => {
    const names = fc.constantFrom(
      'data_1.bin',
      'data_01.bin',
      'data_001.bin',
      'data_2.bin',
      'A1',
      'a1',
      'a01',
      'é',
      'e',
    );
    fc.assert(
      fc.property(fc.uniqueArray(names), (paths) => {
        const sorted = order(...paths);
        expect(order(...paths.toReversed())).toEqual(sorted);
        expect(sorted.toSorted()).toEqual(paths.toSorted());
      }),
    );
  });

  it('keeps what else is known of a file', () => {
    const files = [
      { path: 'data_1.bin', size: 5 },
      { path: 'data_0.bin', size: 7 },
    ];
    expect(orderChunks(files)).toEqual(files.toReversed());
    expect(orderChunks([])).toEqual([]);
  });
});
