import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiskWatch, type Excess } from './disk-watch.ts';
import { removeTree } from './remove-tree.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bytenite-disk-watch-'));
});

afterEach(() => removeTree(root));

/** What a watch says of the folder at its first looks; `undefined` when a second folder was told before. */
async function firstExcess(limits: {
  bytes: number;
  entries: number;
}): Promise<Excess | undefined> {
  const watch = new DiskWatch();
  const other = join(root, '..');
  return new Promise((resolve) => {
    const [limitBytes, limitEntries] = [limits.bytes, limits.entries];
    const end = (what: Excess | undefined) => {
      unwatch();
      unwatchOther();
      resolve(what);
    };
    const unwatch = watch.watch({ folder: root, limitBytes, limitEntries, onOver: end });
    // Looked at after the first one.
    const limitless = { folder: other, limitBytes: Number.POSITIVE_INFINITY, limitEntries: 0 };
    const unwatchOther = watch.watch({ ...limitless, onOver: () => end(undefined) });
  });
}

test('files and folders below are counted, and their bytes', async () => {
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(Buffer.concat([Buffer.from(`${root}/a/b/`), Buffer.from([0xff])]), 'four');
  writeFileSync(join(root, 'a/c'), 'five!');
  expect(await firstExcess({ bytes: 9, entries: 4 })).toBeUndefined();
  expect(await firstExcess({ bytes: 8, entries: 4 })).toBe('bytes');
  expect(await firstExcess({ bytes: 9, entries: 3 })).toBe('entries');
});

test('what lies deeper than can be looked at is too much', async () => {
  const dive = 'for i in range(20): os.mkdir("d" * 250); os.chdir("d" * 250)';
  execFileSync('python3', ['-c', `import os\n${dive}`], { cwd: root });
  expect(await firstExcess({ bytes: 2 ** 40, entries: 1000 })).toBe('entries');
});
