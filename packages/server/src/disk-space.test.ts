import { expect, it } from 'vitest';
import { decideLimit } from './disk-space.ts';

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;

it.each([
  ['a tiny disk keeps a tenth', 100 * MIB, 10 * MIB],
  ['a small one a gibibyte', 20 * GIB, GIB],
  ['a large one a fiftieth', 500 * GIB, 10 * GIB],
  ['a huge one no more than it needs', 50_000 * GIB, 20 * GIB],
])('%s', (_, disk, limit) => {
  expect(decideLimit(null, disk)).toBe(limit);
});

it('what the operator says goes before', () => {
  expect(decideLimit({ bytes: 5 }, GIB)).toBe(5);
  expect(decideLimit({ fraction: 0.5 }, GIB)).toBe(GIB / 2);
  expect(decideLimit({ bytes: 0 }, GIB)).toBe(0);
});
