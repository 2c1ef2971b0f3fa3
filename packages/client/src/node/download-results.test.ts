import { describe, expect, it } from 'vitest';
import { placeInside, UnsafeNameError } from './download-results.ts';

describe('results', () => {
  it.each(['../evil', '/etc/evil', 'a/../../evil', '', '.', 'a/..'])(
    'called %j are not written',
    (name) => {
      expect(() => placeInside('/tmp/out', name)).toThrow(UnsafeNameError);
    },
  );

  it('may have names that only look dangerous', () => {
    expect(placeInside('out', '..a/b..c')).toBe('out/..a/b..c');
  });
});
