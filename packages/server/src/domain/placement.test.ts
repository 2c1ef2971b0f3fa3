import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeResults, type ResultFile } from './placement.ts';

/** `"0 out/a.json"` is a file of chunk 0. */
function place(...files: string[]): string[] {
  return placeResults(
    files.map((text) => {
      const [chunk = '', path = ''] = text.split(' ');
      return { chunk: Number(chunk), path };
    }),
  );
}

describe('the assembler’s directory', () => {
  it('keeps a path that one task wrote', () => {
    expect(place('0 a.json', '1 b/c.json')).toEqual(['a.json', 'b/c.json']);
  });

  it('gives each file of a path that several wrote the number of its chunk, before the last suffix', () => {
    expect(place('0 out/a.json', '1 b.json', '2 out/a.json')).toEqual([
      'out/a_0.json',
      'b.json',
      'out/a_2.json',
    ]);
    expect(place('0 a.tar.gz', '1 a.tar.gz')).toEqual(['a.tar_0.gz', 'a.tar_1.gz']);
  });

  it.each([
    ['.hidden', '.hidden_3'],
    ['d/.hidden', 'd/.hidden_3'],
    ['.hidden.json', '.hidden_3.json'],
    ['v1.2/plain', 'v1.2/plain_3'],
    ['plain', 'plain_3'],
    ['dot.', 'dot_3.'],
  ])('knows what of %s is its suffix', (path, placed) => {
    expect(place(`3 ${path}`, `4 ${path}`)[0]).toBe(placed);
  });

  it('appends the number again while the name is taken', () => {
    expect(place('0 a', '0 a_0', '1 a', '1 a_0_0')).toEqual(['a_0_0_0', 'a_0', 'a_1', 'a_0_0']);
    expect(place('0 a', '1 a', '2 a_0', '3 a_0')).toEqual(['a_0', 'a_1', 'a_0_2', 'a_0_3']);
  });

  it('lets no file take the place of a folder of another task', () => {
    expect(place('0 out', '1 out/a.json')).toEqual(['out_0', 'out/a.json']);
    expect(place('0 x', '1 x', '2 x_0/y', '3 x_0')).toEqual(['x_0_0', 'x_1', 'x_0/y', 'x_0_3']);
  });
});

const segment = fc.constantFrom('a', 'b', 'a_0', 'a_1', '.a', 'a.x', 'a_0.x', 'a_0_0', 'a.x.y');
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
/** Files of tasks, each a tree of its own: no path twice, no file that is also a folder. */
const results: fc.Arbitrary<ResultFile[]> = fc
  .array(fc.record({ chunk: fc.integer({ min: 0, max: 3 }), path }), { maxLength: 40 })
  .map((files) => {
    const kept: ResultFile[] = [];
    for (const file of files) {
      const clashes = kept.some(
        (other) =>
          other.chunk === file.chunk &&
          (other.path === file.path ||
            other.path.startsWith(`${file.path}/`) ||
            file.path.startsWith(`${other.path}/`)),
      );
      if (!clashes) kept.push(file);
    }
    return kept.toSorted((a, b) => a.chunk - b.chunk);
  });

describe('any results', () => {
  it('are placed one by one: none is lost, none is put over another', () => {
    fc.assert(
      fc.property(results, (files) => {
        const placed = placeResults(files);
        expect(placed).toHaveLength(files.length);
        expect(new Set(placed).size).toBe(files.length);
        for (const file of placed) {
          expect(placed.some((other) => other.startsWith(`${file}/`))).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('stay in their folder, and keep their suffix', () => {
    fc.assert(
      fc.property(results, (files) => {
        placeResults(files).forEach((placed, i) => {
          const before = files[i]?.path ?? '';
          expect(placed.split('/').slice(0, -1)).toEqual(before.split('/').slice(0, -1));
          const suffix = /[^/.][^/]*(\.[^./]*)$/.exec(before)?.[1] ?? '';
          expect(placed.endsWith(suffix)).toBe(true);
        });
      }),
    );
  });
});
