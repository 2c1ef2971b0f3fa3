import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TaskContext } from '@bytenite/contract';
import { Caches } from './caches.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bytenite-caches-'));
});

afterEach(() => rmSync(root, { recursive: true }));

function contextOf(owner: string, componentOwner: string): TaskContext {
  return { owner, component: { owner: componentOwner } } as TaskContext;
}

test('a cache is found again by (owner, component owner)', () => {
  const first = new Caches(root, null).of(contextOf('a', 'a'));
  const caches = new Caches(root, null);
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
    const old = new Caches(root, 64_000);
    const [a, b] = [old.of(contextOf('a', 'a')), old.of(contextOf('b', 'b'))];
    expect([a.groups, b.groups]).toEqual([[64_750], [64_751]]);
    expect(statSync(a.user).mode & 0o7777).toBe(0o2770);
    const moved = new Caches(root, 66_000);
    expect(moved.of(contextOf('b', 'b')).groups).toEqual([66_750]);
    expect(statSync(b.user).gid).toBe(66_750);
    expect(new Caches(root, 66_000).of(contextOf('c', 'c')).groups).toEqual([66_751]);
  },
);
