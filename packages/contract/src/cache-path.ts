/** Which names files in a cache may have; server and runner hold to the same. */

const LONGEST_PATH = 1024;
/** What file systems take, in bytes. */
const LONGEST_NAME = 255;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u001F\u007F]/;
/** What stands for bytes that are no UTF-8. */
const REPLACED = '\uFFFD';

/** What is wrong with the relative path of a file in a cache; null when nothing is. */
export function cachePathProblem(path: string): string | null {
  if (path.startsWith('/')) return 'must be relative to the cache: it begins with "/"';
  if (!path.isWellFormed() || path.includes(REPLACED)) return 'must be UTF-8';
  if (CONTROL.test(path)) return 'must not hold control characters';
  if (bytesOf(path) > LONGEST_PATH) return `must have at most ${LONGEST_PATH} bytes`;
  for (const name of path.split('/')) {
    if (name === '') return 'must not hold an empty name';
    if (name === '.' || name === '..') return 'must not hold "." or ".."';
    if (bytesOf(name) > LONGEST_NAME) return `must hold names of at most ${LONGEST_NAME} bytes`;
  }
  return null;
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).byteLength;
}
