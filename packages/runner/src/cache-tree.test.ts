import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CacheTree } from './cache-tree.ts';

let dir: string;
let root: string;
let tree: CacheTree;
const RIGHTS = { gid: null, folderMode: 0o755, fileMode: 0o644 };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bytenite-tree-'));
  root = join(dir, 'cache');
  for (const name of ['cache', 'trash', 'outside']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'outside/precious'), 'keep');
  tree = new CacheTree(root, RIGHTS, join(dir, 'trash'));
});

afterEach(() => rmSync(dir, { recursive: true }));

function place(path: string, text: string): void {
  const arriving = join(dir, 'arriving');
  writeFileSync(arriving, text);
  tree.place(path, arriving);
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const outside = () => readdirSync(join(dir, 'outside'));

test('a file is put into its folders, and in the place of another', () => {
  place('a/b/c', 'one');
  place('a/b/c', 'two');
  place('top', 'three');
  expect([read('a/b/c'), read('top')]).toEqual(['two', 'three']);
});

test('what a task has put in the way gives way', () => {
  place('a/b', 'one');
  rmSync(join(root, 'a'), { recursive: true });
  writeFileSync(join(root, 'a'), 'a file where a folder was');
  place('a/b', 'two');
  expect(read('a/b')).toBe('two');
  rmSync(join(root, 'a/b'));
  mkdirSync(join(root, 'a/b/deep'), { recursive: true });
  place('a/b', 'three');
  expect(read('a/b')).toBe('three');
});

test('no link of a task leads anything out of the cache', () => {
  symlinkSync(join(dir, 'outside'), join(root, 'a'));
  symlinkSync(join(dir, 'outside/precious'), join(root, 'file'));
  place('a/new', 'one');
  place('file', 'two');
  expect(lstatSync(join(root, 'a')).isDirectory()).toBe(true);
  expect([read('a/new'), read('file')]).toEqual(['one', 'two']);
  expect(outside()).toEqual(['precious']);
  expect(readFileSync(join(dir, 'outside/precious'), 'utf8')).toBe('keep');
});

test('nothing is removed behind a link, and a link itself is', () => {
  symlinkSync(join(dir, 'outside'), join(root, 'a'));
  tree.remove('a/precious');
  expect(outside()).toEqual(['precious']);
  tree.remove('a');
  expect(readdirSync(root)).toEqual([]);
  expect(outside()).toEqual(['precious']);
});

test('a folder goes with its contents, all goes with the empty path, and what is not there is gone', () => {
  place('a/b/c', 'one');
  place('a/d', 'two');
  tree.remove('a/b');
  expect(readdirSync(join(root, 'a'))).toEqual(['d']);
  tree.remove('a/b');
  tree.remove('x/y/z');
  symlinkSync('/', join(root, 'link'));
  // A name that is no text.
  execFileSync('sh', ['-c', `touch "$(printf '${root}/\\377')"`]);
  tree.remove('');
  expect(readdirSync(root)).toEqual([]);
});
