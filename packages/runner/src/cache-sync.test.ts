import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { encodeFrameLine, END_FRAME, type TaskContext } from '@bytenite/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Attempt } from './attempt.ts';
import { Caches } from './caches.ts';
import { CacheSync } from './cache-sync.ts';
import { monotonicMs } from './clock.ts';

const UID_BASE = process.getuid?.() === 0 ? 64_000 : null;

let root: string;
let caches: Caches;
let user: string;
/** What the server streams next, and what it was asked for. */
let streams: string[][];
let asked: { scope: string; have: string }[];
let sync: CacheSync;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bytenite-sync-'));
  mkdirSync(join(root, 'trash'));
  caches = new Caches(join(root, 'caches'), UID_BASE, join(root, 'trash'));
  ({ user } = caches.of(attemptOf('0').context));
  streams = [];
  asked = [];
  sync = newSync();
});

afterEach(() => rmSync(root, { recursive: true }));

function newSync(): CacheSync {
  const client = {
    async openCache(_lease: string, wanted: { scope: string; have: string }) {
      asked.push(wanted);
      return Readable.from((streams.shift() ?? []).map((text) => Buffer.from(text)));
    },
  };
  return new CacheSync({ client, caches, userCacheBytes: 100 });
}

function attemptOf(version: string): Attempt {
  const context = { owner: 'a', component: { owner: 'a' } } as TaskContext;
  context.caches = { user: version, shared: '0', pass: '' };
  const { signal } = new AbortController();
  return { lease: 'l', context, signal, grantedAtMs: monotonicMs() } as Attempt;
}

const head = (version: string, more: object = {}) =>
  `${JSON.stringify({ version, isReset: false, totalBytes: 1, ...more })}\n`;
const removal = (path: string) => `${JSON.stringify({ removed: path })}\n`;
const file = (path: string, text: string, sent = text) => {
  const sha256 = createHash('sha256').update(text).digest('base64url');
  return encodeFrameLine({ path, size: text.length, sha256 }) + sent;
};
const read = (path: string) => readFileSync(join(user, path), 'utf8');
const messageOf = (work: Promise<void>) =>
  work.then(
    () => 'done',
    (error: Error) => error.message,
  );

test('a cache comes to its version, and is asked for again only when there is another', async () => {
  streams = [[head('1.a'), file('a/b', 'one'), END_FRAME]];
  await sync.bring(attemptOf('1.a'));
  await sync.bring(attemptOf('1.a'));
  expect(read('a/b')).toBe('one');
  streams = [[head('3.c'), removal('a'), file('c', 'two'), END_FRAME]];
  await sync.bring(attemptOf('2.b'));
  expect([readdirSync(user), read('c')]).toEqual([['c'], 'two']);
  expect(asked.map(({ have }) => have)).toEqual(['0', '1.a']);
  // Also after a new start.
  caches = new Caches(join(root, 'caches'), UID_BASE, join(root, 'trash'));
  await newSync().bring(attemptOf('3.c'));
  expect(asked).toHaveLength(2);
});

test('attempts that wait for the same version have it brought once', async () => {
  streams = [[head('2.b'), file('a', 'one'), END_FRAME]];
  const attempts = ['1.a', '2.b', '2.b'].map(attemptOf);
  await Promise.all(attempts.map((attempt) => sync.bring(attempt)));
  expect(asked).toHaveLength(1);
});

test('what lies there is of the group that the tasks are in, and they may change it', async () => {
  streams = [[head('1.a'), file('a/b', 'one'), END_FRAME]];
  await sync.bring(attemptOf('1.a'));
  const [folder, placed] = [statSync(join(user, 'a')), statSync(join(user, 'a/b'))];
  const modes = [folder.mode & 0o7777, placed.mode & 0o7777];
  expect(modes).toEqual(UID_BASE === null ? [0o755, 0o644] : [0o2770, 0o664]);
  expect([folder.gid, placed.gid]).toEqual([statSync(user).gid, statSync(user).gid]);
});

test.each([
  ['damaged', file('b', 'two', 'tWo') + END_FRAME, 'b arrived damaged: its SHA-256 differs'],
  ['cut off', file('b', 'two', 't'), 'the input stream was cut'],
  ['without an end', file('b', 'two'), 'the input stream was cut'],
])('a stream that is %s is not taken for the version', async (_, rest, problem) => {
  const isWhole = rest.includes('two');
  streams = [[head('1.a'), file('a', 'one'), rest]];
  expect(await messageOf(sync.bring(attemptOf('1.a')))).toBe(problem);
  expect(existsSync(join(user, 'b'))).toBe(isWhole);
  expect(readdirSync(caches.incoming)).toEqual([]);
  streams = [[head('1.a'), file('a', 'one'), file('b', 'two'), END_FRAME]];
  await sync.bring(attemptOf('1.a'));
  expect([read('b'), asked.map(({ have }) => have)]).toEqual(['two', ['0', '0']]);
});

test.each(['../x', '/x', 'a/../../x'])('a file at %j is not taken', async (path) => {
  streams = [[head('1.a'), file(path, 'one'), END_FRAME]];
  expect(await messageOf(sync.bring(attemptOf('1.a')))).toMatch(/^the server sent a path/);
  expect(readdirSync(user)).toEqual([]);
});

test('what is more than a cache may hold here is not fetched', async () => {
  streams = [[head('1.a', { totalBytes: 101 }), file('a', 'one'), END_FRAME]];
  expect(await messageOf(sync.bring(attemptOf('1.a')))).toBe(
    "the files that were put into the user cache have 101 bytes, and a user's cache on this runner holds 100 (--user-cache)",
  );
  expect(readdirSync(user)).toEqual([]);
});

test('a cache whose history is over begins anew, and one that was emptied is filled again', async () => {
  writeFileSync(join(user, 'left'), 'by a task');
  streams = [[head('7.g', { isReset: true }), file('a', 'one'), END_FRAME]];
  await sync.bring(attemptOf('7.g'));
  expect(readdirSync(user)).toEqual(['a']);
  caches.empty(user);
  streams = [[head('7.g'), file('a', 'one'), END_FRAME]];
  await sync.bring(attemptOf('7.g'));
  expect(readdirSync(user)).toEqual(['a']);
  expect(asked.map(({ have }) => have)).toEqual(['0', '0']);
});

test('one that is emptied while it is brought does not count as brought', async () => {
  const parts = [head('1.a'), file('a', 'one'), END_FRAME];
  const client = {
    async openCache() {
      asked.push({ scope: 'user', have: caches.versions.of(user) });
      if (asked.length === 1) caches.empty(user);
      return Readable.from(parts.map((text) => Buffer.from(text)));
    },
  };
  const other = new CacheSync({ client, caches, userCacheBytes: 100 });
  await other.bring(attemptOf('1.a'));
  await other.bring(attemptOf('1.a'));
  expect(asked).toHaveLength(2);
  expect(caches.versions.of(user)).toBe('1.a');
});
