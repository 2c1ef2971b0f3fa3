import { describe, expect, it } from 'vitest';
import { compareVersions, formatTag, parseTag, parseVersion } from './tags.ts';

describe('parseTag', () => {
  it.each([
    ['word-count', 'word-count', null, null, null],
    ['word-count@1', 'word-count', 1, null, null],
    ['word-count@1.20', 'word-count', 1, 20, null],
    ['word-count@v1.2', 'word-count', 1, 2, null],
    ['word-count@0.0rev3', 'word-count', 0, 0, 3],
    [' a_B9@v2 ', 'a_B9', 2, null, null],
  ])('reads %s', (text, name, major, minor, revision) => {
    expect(parseTag(text)).toEqual({ name, major, minor, revision });
  });

  it.each([
    '',
    '@1',
    'a@',
    'a@v',
    'a@1.',
    'a@1.2.3',
    'a@1rev2',
    'a@1.2rev0',
    'a@01.2',
    'a@1.2rev',
    'a b',
    'a/b',
    'a@1234567890',
    'x'.repeat(65),
  ])('takes %j for no tag', (text) => {
    expect(parseTag(text)).toBeNull();
  });
});

it('compares versions by number, not by text', () => {
  const versions = ['1.10', '0.9', '1.9', '0.10'].map((text) => parseVersion(text));
  const sorted = versions.flatMap((v) => v ?? []).sort(compareVersions);
  expect(sorted.map((v) => formatTag({ name: 'a', ...v }))).toEqual([
    'a@0.9',
    'a@0.10',
    'a@1.9',
    'a@1.10',
  ]);
});

it('takes only `major.minor` for a version', () => {
  expect(parseVersion('0.1')).toEqual({ major: 0, minor: 1 });
  for (const text of ['1', 'v1.0', '1.02', '01.2', '1.2.3', '', '1.x']) {
    expect(parseVersion(text)).toBeNull();
  }
});
