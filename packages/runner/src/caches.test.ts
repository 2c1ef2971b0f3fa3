import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TaskContext } from '@bytenite/contract';
import { Caches } from './caches.ts';

let root: string;
let trash: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bytenite-caches-'));
  trash = join(root, 'trash');
  mkdirSync(trash);
});

afterEach(() => rmSync(root, { recursive: true }));

function contextOf(owner: string, componentOwner: string): TaskContext {
  return { owner, component: { owner: componentOwner } } as TaskContext;
}

test('a cache is found again by (owner, component owner)', () => {
  const first = new Caches(root, null, trash).of(contextOf('a', 'a'));
  const caches = new Caches(root, null, trash);
  expect(caches.of(contextOf('a', 'a')).user).toBe(first.user);
  const others = [contextOf('a', 'b'), contextOf('b', 'a'), contextOf('b', 'b')].map((context) =>
    caches.of(context),
  );
  expect(new Set([first, ...others].map(({ user }) => user)).size).toBe(4);
  expect(new Set([first, ...others].map(({ shared }) => shared)).size).toBe(1);
});

test.runIf(process.getuid?.() === 0)(
  'as root each has a group of its own, in the range of now',
  () => {
    const old = new Caches(root, 64_000, trash);
    const [a, b] = [old.of(contextOf('a', 'a')), old.of(contextOf('b', 'b'))];
    expect([a.groups, b.groups]).toEqual([[64_750], [64_751]]);
    expect(statSync(a.user).mode & 0o7777).toBe(0o2770);
    const moved = new Caches(root, 66_000, trash);
    expect(moved.of(contextOf('b', 'b')).groups).toEqual([66_750]);
    expect(statSync(b.user).gid).toBe(66_750);
    expect(new Caches(root, 66_000, trash).of(contextOf('c', 'c')).groups).toEqual([66_751]);
  },
);

test('one that is emptied is as it was when it was made', () => {
  const isRoot = process.getuid?.() === 0;
  const caches = new Caches(root, isRoot ? 64_000 : null, trash);
  const { user } = caches.of(contextOf('a', 'a'));
  const before = statSync(user);
  mkdirSync(join(user, 'deep'));
  writeFileSync(join(user, 'deep/file'), 'x');
  caches.empty(user);
  expect(readdirSync(user)).toEqual([]);
  const { mode, uid, gid } = statSync(user);
  expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
});
