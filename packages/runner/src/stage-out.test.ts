import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeBundle, INLINE_LIMIT } from '@bytenite/contract';
import { removeTree } from './remove-tree.ts';
import { collectResults, inlineBundle, streamBundle } from './stage-out.ts';

const LIMITS = { entries: 1000, bytes: 2 ** 30 };
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bytenite-stage-out-'));
});

afterEach(() => removeTree(root));

function write(path: string, bytes: Buffer | string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), bytes);
}

async function streamed(): Promise<{ bytes: Buffer; sha256: string }> {
  const stream = streamBundle(await collectResults(root, LIMITS));
  const bytes = Buffer.concat(await stream.body.toArray());
  return { bytes, sha256: stream.sha256() };
}

test('the streamed and the inline bundle of small results are the same bytes', async () => {
  write('b/2.txt', 'two');
  write('a.txt', 'one');
  write('b/empty', '');
  write('grün \ufffd.txt', 'odd but valid');
  const inline = inlineBundle(await collectResults(root, LIMITS));
  const { bytes, sha256 } = await streamed();
  expect(inline?.bytes.equals(bytes)).toBe(true);
  expect(inline?.sha256).toBe(sha256);
  expect(createHash('sha256').update(bytes).digest('base64url')).toBe(sha256);
  const paths = decodeBundle(bytes).map(({ path }) => path);
  expect(paths).toEqual(['a.txt', 'b/2.txt', 'b/empty', 'grün \ufffd.txt']);
});

test('a large file is streamed with its digest', async () => {
  const large = Buffer.alloc(INLINE_LIMIT * 9 + 1, 'large');
  write('large', large);
  write('small', 'x');
  expect(inlineBundle(await collectResults(root, LIMITS))).toBeUndefined();
  const { bytes } = await streamed();
  const [file] = decodeBundle(bytes);
  expect(file?.sha256).toBe(createHash('sha256').update(large).digest('base64url'));
});

test('a bundle is never longer inline than the limit, index included', async () => {
  for (let i = 0; i < 900; i++) write(`${'n'.repeat(50)}-${i}`, 'x');
  expect(inlineBundle(await collectResults(root, LIMITS))).toBeUndefined();
});

test('a folder too large to be read at once is read like any other', async () => {
  const name = (i: number) => `${'n'.repeat(60)}-${i}`;
  for (let i = 0; i < 1500; i++) writeFileSync(join(root, name(i)), String(i));
  // Otherwise it would not be such a folder on this file system.
  expect(statSync(root).size).toBeGreaterThan(64 * 1024);
  const { files } = await collectResults(root, { entries: 1500, bytes: 2 ** 20 });
  expect(files.map(({ path }) => path)).toEqual(
    Array.from({ length: 1500 }, (_, i) => name(i)).toSorted(),
  );
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]), '');
  const wide = { entries: 2000, bytes: 2 ** 20 };
  await expect(collectResults(root, wide)).rejects.toThrow('ÿ has a name that is not valid UTF-8');
});

test('too many entries and too many bytes are refused', async () => {
  for (let i = 0; i < 5; i++) write(`d${i}/f`, 'x');
  await expect(collectResults(root, { entries: 9, bytes: 100 })).rejects.toThrow(
    'more than 9 files and folders',
  );
  truncateSync(join(root, 'd0/f'), 1000);
  await expect(collectResults(root, { entries: 10, bytes: 1003 })).rejects.toThrow(
    'larger than 1003 bytes',
  );
});

test('a folder as deep as the system allows is named, not crashed on', async () => {
  let here = root;
  const before = process.cwd();
  for (let i = 0; i < 30; i++) {
    const name = 'd'.repeat(200);
    process.chdir(here);
    mkdirSync(name);
    here = name;
  }
  process.chdir(before);
  // Named by its end, so that the message still holds what is wrong with it.
  await expect(collectResults(root, LIMITS)).rejects.toThrow(
    /^…[d/]{200} cannot be read: ENAMETOOLONG$/,
  );
  await removeTree(root);
  expect(existsSync(root)).toBe(false);
});
