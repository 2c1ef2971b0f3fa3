import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheHead, type CacheScope, type TaskContext } from '@bytenite/contract';
import { updateAccount } from '../../store/accounts.ts';
import { addAccount, addJob, addLease, T0 } from '../../testing/rows.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { saveRunner } from '../../store/runners.ts';
import { collectGarbage, forget } from '../../scheduler/retention.ts';
import { orphansAmong } from '../orphans.ts';
import type { Account } from '../auth/account.ts';
import type { Runner } from '../runners.ts';
import { deleteFromCache } from './delete-from-cache.ts';
import { followCache, nameCaches } from './follow-cache.ts';
import { listCache } from './list-cache.ts';
import { listingPass, saveListing } from './save-listing.ts';
import { placeInCache, putCacheFile } from './put-cache-file.ts';

const MIB = 1024 ** 2;
let ctx: TestContext;
const { signal } = new AbortController();

beforeEach(async () => {
  ctx = await createTestContext({ cacheBytes: { user: MIB, shared: 2 * MIB } });
});

afterEach(() => ctx.dispose());

async function* bodyOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

interface Put {
  account?: Account;
  scope?: CacheScope;
  /** As the caller announces it. */
  size?: number | null;
}

async function put(path: string, text: string, { account, scope, size = null }: Put = {}) {
  const place = await placeInCache(ctx, account ?? ctx.account, { path, scope });
  await putCacheFile(ctx, { ...place, body: bodyOf(text), size, signal });
}

async function list(path = '', scope?: CacheScope, account = ctx.account): Promise<string[]> {
  const { folders, files } = await listCache(ctx, account, { path, scope });
  return [...folders.map((name) => `${name}/`), ...files.map((f) => `${f.name}=${f.size}`)];
}

async function blobs(): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of ctx.blobs.list('cache')) keys.push(key);
  return keys;
}

const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => error.message,
  );

/** Another account, which is no administrator. */
async function stranger(): Promise<Account> {
  const id = await addAccount(ctx.store);
  return { id, userName: id, role: 'ROLE_USER' };
}

describe('files put into a cache', () => {
  it('are listed level by level, and replaced as a whole', async () => {
    await put('models/tiny.bin', 'a');
    await put('models/words/en.txt', 'abc');
    await put('top', 'ab');
    expect(await list()).toEqual(['models/', 'top=2']);
    expect(await list('/')).toEqual(['models/', 'top=2']);
    expect(await list('models')).toEqual(['words/', 'tiny.bin=1']);
    await put('models/tiny.bin', 'longer');
    expect(await list('models/')).toEqual(['words/', 'tiny.bin=6']);
    expect(await messageOf(list('none'))).toBe('folder none not found');
    expect(await messageOf(list('top'))).toBe('folder top not found');
  });

  it('leave nothing behind once they are replaced or removed', async () => {
    await put('a/one', '1');
    await put('a/one', '2');
    await put('a/two', '3');
    await deleteFromCache(ctx, ctx.account, { path: 'a' });
    expect(await list()).toEqual([]);
    expect(await blobs()).toHaveLength(3);
    ctx.advance(3600 * 1000 + 1);
    await collectGarbage(ctx);
    expect(await blobs()).toEqual([]);
  });

  it('are no orphans, and what no row names is', async () => {
    await put('a', '1');
    const named = await blobs();
    await ctx.blobs.put('cache/shared/nobody', bodyOf('x'));
    expect(await orphansAmong(ctx, await blobs())).toEqual(['cache/shared/nobody']);
    expect(named).toHaveLength(1);
  });

  it('of one account are not seen or removed by another', async () => {
    const other = await stranger();
    await put('mine', 'x');
    expect(await list('', 'user', other)).toEqual([]);
    expect(await messageOf(deleteFromCache(ctx, other, { path: 'mine' }))).toBe('mine not found');
    await deleteFromCache(ctx, other, { path: '/' });
    expect(await list()).toEqual(['mine=1']);
  });

  it('of the shared cache are seen by all and changed by administrators', async () => {
    const other = await stranger();
    await put('models/one', 'x', { scope: 'shared' });
    expect(await list('models', 'shared', other)).toEqual(['one=1']);
    const refused = 'the shared cache is changed by administrators (ROLE_ADMIN) only';
    expect(await messageOf(put('two', 'x', { account: other, scope: 'shared' }))).toBe(refused);
    const removal = { path: 'models', scope: 'shared' as const };
    expect(await messageOf(deleteFromCache(ctx, other, removal))).toBe(refused);
  });

  it('are refused where a file would be a folder too', async () => {
    await put('a/b', 'x');
    expect(await messageOf(put('a', 'x'))).toBe('a is a folder of the user cache: delete it first');
    expect(await messageOf(put('a/b/c', 'x'))).toBe(
      'a/b is a file of the user cache, so nothing can lie below it: delete it first',
    );
    // A name that only begins the same is none of it.
    await put('a/b0', 'x');
    await put('a0', 'x');
    expect(await list()).toEqual(['a/', 'a0=1']);
  });

  it.each(['../x', '/etc/passwd', 'a\0b', ''])('are refused at %j', async (path) => {
    expect(await messageOf(placeInCache(ctx, ctx.account, { path }))).toMatch(/^path must /);
    expect(await blobs()).toEqual([]);
  });

  it('are refused beyond the size of the cache, and leave nothing', async () => {
    await put('half', 'x'.repeat(MIB / 2));
    const full =
      /^the user cache has no room for the file: it keeps at most 1\.0 MiB, and 0\.5 MiB/;
    const large = 'x'.repeat(MIB / 2 + 1);
    expect(await messageOf(put('more', large))).toMatch(full);
    expect(await messageOf(put('more', large, { size: large.length }))).toMatch(full);
    // In the place of what is there it has room.
    await put('half', large);
    expect(await list()).toEqual([`half=${MIB / 2 + 1}`]);
    await deleteFromCache(ctx, ctx.account, { path: 'half' });
    await put('more', 'x'.repeat(MIB));
    await put('shared', 'x'.repeat(2 * MIB), { scope: 'shared' });
    expect(await messageOf(put('one', 'x', { scope: 'shared' }))).toMatch(/^the shared cache has/);
  });

  it('that arrive at the same time are all kept, within the size', async () => {
    const part = 'x'.repeat(MIB / 4);
    const all = Array.from({ length: 6 }, (_, i) => messageOf(put(`f${i}`, part)));
    const done = (await Promise.all(all)).filter((message) => message === 'done');
    expect(done).toHaveLength(4);
    expect(await list()).toHaveLength(4);
    ctx.advance(1);
    expect(await blobs()).toHaveLength(4);
  });

  it('are not taken for an account that was disabled after it got its link', async () => {
    const other = await stranger();
    const place = await placeInCache(ctx, other, { path: 'late' });
    await updateAccount(ctx.store.db, other.id, { disabled: 1 });
    const late = putCacheFile(ctx, { ...place, body: bodyOf('x'), size: 1, signal });
    expect(await messageOf(late)).toBe('cache not found');
    expect(await blobs()).toEqual([]);
  });
});

/** What a runner is told that has a version, as it would follow it. */
async function follow(have: string, scope: CacheScope = 'shared') {
  const job = await addJob(ctx.store, ctx.account.id, 'PARTITIONED', { num_chunks: 1 });
  const lease = await addLease(ctx.store, job.no, 0);
  const parts: Uint8Array[] = [];
  for await (const part of await followCache(ctx, lease as never, { scope, have }, signal)) {
    parts.push(part);
  }
  const [first = '', ...rest] = Buffer.concat(parts).toString().split('\n');
  const head = CacheHead.parse(JSON.parse(first));
  const removed = rest.flatMap((line) => /^\{"removed":"(.*)"\}$/.exec(line)?.[1] ?? []);
  const files = rest.flatMap((line) => /"path":"([^"]+)"/.exec(line)?.[1] ?? []);
  return { ...head, removed, files };
}

describe('a runner that follows a cache', () => {
  it('is sent what changed since its version', async () => {
    expect(await follow('0')).toMatchObject({ version: '0', isReset: false, files: [] });
    await put('a', '1', { scope: 'shared' });
    await put('b/c', '2', { scope: 'shared' });
    const first = await follow('0');
    expect(first).toMatchObject({ isReset: false, removed: [], files: ['a', 'b/c'] });
    await put('a', '3', { scope: 'shared' });
    await deleteFromCache(ctx, ctx.account, { path: 'b', scope: 'shared' });
    await put('d', '4', { scope: 'shared' });
    const second = await follow(first.version);
    expect(second).toMatchObject({ isReset: false, removed: ['b'], files: ['a', 'd'] });
    expect(await follow(second.version)).toMatchObject({ removed: [], files: [] });
    expect(await follow('0')).toMatchObject({ removed: ['b'], files: ['a', 'd'] });
  });

  it('is named the version of the moment with each grant', async () => {
    const context = () => ({ owner: ctx.account.id, component: { owner: ctx.account.id } });
    const named = async (own = context()) => {
      const contexts = [own as TaskContext];
      await nameCaches(ctx, 'runner', contexts);
      return contexts[0]?.caches;
    };
    expect(await named()).toMatchObject({ user: '0', shared: '0' });
    // Read while the change is made.
    const [seen] = await Promise.all([named(), put('a', '1')]);
    expect(seen?.user).toMatch(/^(0$|1\.)/);
    const first = await named();
    expect(first).toMatchObject({ user: expect.stringMatching(/^1\./), shared: '0' });
    await deleteFromCache(ctx, ctx.account, { path: 'a' });
    await put('b', '1', { scope: 'shared' });
    const second = await named();
    expect(second).toMatchObject({
      user: expect.stringMatching(/^2\./),
      shared: expect.stringMatching(/^1\./),
    });
    expect(await named({ ...context(), component: { owner: 'another' } })).toEqual({
      user: '0',
      shared: second?.shared,
      pass: '',
    });
  });

  it.each(['1.other', '7', '2.x', '', 'a'])('begins anew with the version %j', async (have) => {
    // Such as that of a platform before a restored backup.
    await put('a', '1', { scope: 'shared' });
    expect(await follow(have)).toMatchObject({ isReset: true, removed: [], files: ['a'] });
  });
});

describe("what tasks have left in a user's cache", () => {
  const NAMED = { incarnation: 'one', isCut: false };
  const runner = (id: string) => ({ id, incarnation: 'one' }) as unknown as Runner;

  async function tell(id: string, files: [string, number][], more: object = {}): Promise<void> {
    const pass = listingPass(ctx, id, ctx.account.id);
    const listing = { ...NAMED, runnerId: id, owner: ctx.account.id, pass, version: '0', files };
    await saveListing(ctx, runner(id), { ...listing, ...more });
  }

  it('is listed as its runners told, beside what was put there', async () => {
    await put('a', 'put');
    await tell('one', [
      ['a', 9],
      ['out/x', 1],
    ]);
    ctx.advance(1);
    await tell('two', [
      ['out/x', 2],
      ['out/y', 3],
    ]);
    expect(await list()).toEqual(['out/', 'a=3']);
    expect(await list('out')).toEqual(['x=2', 'y=3']);
    await tell('two', []);
    expect(await list('out')).toEqual(['x=1']);
  });

  it('is not listed once it was removed, until a runner that has followed tells of it anew', async () => {
    await tell('one', [['out/x', 1]]);
    await deleteFromCache(ctx, ctx.account, { path: 'out/x' });
    expect(await list()).toEqual([]);
    // It looked before it followed.
    await tell('one', [['out/x', 1]]);
    expect(await list()).toEqual([]);
    expect(await messageOf(deleteFromCache(ctx, ctx.account, { path: 'out/x' }))).toBe(
      'out/x not found',
    );
    const { revision, token } = await ctx.store.db
      .selectFrom('cache')
      .selectAll()
      .executeTakeFirstOrThrow();
    await tell('one', [['out/x', 5]], { version: `${revision}.${token}` });
    expect(await list('out')).toEqual(['x=5']);
  });

  it('can be removed unseen where not all could be listed', async () => {
    await tell('one', [['out/x', 1]], { isCut: true });
    await deleteFromCache(ctx, ctx.account, { path: 'deep/unseen' });
    expect(await list('out')).toEqual(['x=1']);
  });

  it('is told only by a runner that was given tasks with it, and under fit names', async () => {
    const pass = listingPass(ctx, 'other', ctx.account.id);
    expect(await messageOf(tell('one', [['x', 1]], { pass }))).toBe(
      'the runner was given no task with this cache',
    );
    await tell('one', [
      ['../x', 1],
      ['fine', 2],
    ]);
    expect(await list()).toEqual(['fine=2']);
  });

  it('is forgotten with its runner', async () => {
    await tell('gone', [['x', 1]]);
    await tell('here', [['y', 1]]);
    const times = { registered_at: T0, seen_at: T0 };
    const row = { id: 'here', token: '', incarnation: 'one', instance: '', facts: '{}', ...times };
    await ctx.store.transact((tx) => saveRunner(tx, row));
    await forget(ctx);
    expect(await list()).toEqual(['y=1']);
  });
});
