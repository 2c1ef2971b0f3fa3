import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listFolder } from './cache-listing.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bytenite-listing-'));
});

afterEach(() => rmSync(root, { recursive: true }));

test('files are listed with their sizes, without links, pipes and names that are no text', async () => {
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(root, 'a/b/deep'), 'abc');
  writeFileSync(join(root, 'top'), '');
  symlinkSync('/etc', join(root, 'folder'));
  symlinkSync('/etc/passwd', join(root, 'file'));
  const odd = `mkfifo '${root}/pipe'; touch "$(printf '${root}/\\377')" "$(printf '${root}/a\\nb')"`;
  execFileSync('sh', ['-c', odd]);
  const { files, isCut } = await listFolder(root);
  expect(new Map(files)).toEqual(
    new Map([
      ['a/b/deep', 3],
      ['top', 0],
    ]),
  );
  expect(isCut).toBe(false);
});

test('the list has an end, whatever a task leaves', async () => {
  for (let i = 0; i <= 10; i += 1) writeFileSync(join(root, `f${i}`), '');
  const { files, isCut } = await listFolder(root, 10);
  expect([files.length, isCut]).toEqual([10, true]);
  expect(await listFolder(root, 11)).toMatchObject({ isCut: false });
});

test('a folder that is gone has nothing', async () => {
  expect(await listFolder(join(root, 'none'))).toEqual({ files: [], isCut: false });
});
