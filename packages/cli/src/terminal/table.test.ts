import { describe, expect, it } from 'vitest';
import { formatTable, truncate } from './table.ts';

const COLUMNS = [
  { title: 'NAME', flexible: true },
  { title: 'N', align: 'right' as const },
];

describe('a table', () => {
  it('is aligned, also where letters are two columns wide', () => {
    const table = formatTable(
      COLUMNS,
      [
        ['日本', '1'],
        ['a', '20'],
      ],
      undefined,
    );
    expect(table.split('\n')).toEqual(['NAME   N', '日本   1', 'a     20']);
  });

  it('fits the terminal by cutting what is flexible', () => {
    const table = formatTable(COLUMNS, [['a very long name indeed', '1234']], 20);
    expect(table.split('\n')).toEqual(['NAME               N', 'a very long n…  1234']);
  });

  it('gives a pipe every cell whole', () => {
    expect(formatTable(COLUMNS, [['x'.repeat(300), '1']], undefined)).toContain('x'.repeat(300));
  });

  it('has one line per row, whatever is in its cells', () => {
    expect(formatTable(COLUMNS, [['a\nb', '1']], undefined).split('\n')).toHaveLength(2);
  });
});

it('text is cut between letters, not inside them', () => {
  expect(truncate('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 5)).toBe('👩‍👩‍👧👩‍👩‍👧…');
  expect(truncate('日本語', 4)).toBe('日…');
  expect(truncate('abc', 3)).toBe('abc');
});
