import { expect, test } from 'vitest';
import { cachePathProblem } from './cache-path.ts';

test.each(['a', 'models/größe 1.bin', '..a/b..', '.hidden', 'a\\b', 'é'.repeat(127)])(
  '%j is a path of a cache',
  (path) => expect(cachePathProblem(path)).toBeNull(),
);

test.each([
  ['../x', 'must not hold "." or ".."'],
  ['a/../../x', 'must not hold "." or ".."'],
  ['./x', 'must not hold "." or ".."'],
  ['/etc/passwd', 'must be relative to the cache: it begins with "/"'],
  ['a//b', 'must not hold an empty name'],
  ['a/', 'must not hold an empty name'],
  ['a\0b', 'must not hold control characters'],
  ['a\nb', 'must not hold control characters'],
  ['a\uD800', 'must be UTF-8'],
  ['a\uFFFD', 'must be UTF-8'],
  ['é'.repeat(128), 'must hold names of at most 255 bytes'],
  ['ab/'.repeat(400) + 'c', 'must have at most 1024 bytes'],
])('%j is refused', (path, problem) => {
  expect(cachePathProblem(path)).toBe(problem);
});
