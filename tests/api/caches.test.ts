/**
 * USER_CACHE_DIR and SHARED_CACHE_DIR from the API to tasks and back (contract 5, 8.2). The runner shares no
 * folder with the server: what it has of a cache, it was sent.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccount } from '../support/accounts.ts';
import { CACHE, cacheQuery, listCache, putIntoCache } from '../support/cache.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, refusal, runJob, send } from './caller.ts';

/** Prints what lies in both caches, then does what its parameter `next` says. */
const LOOK = `import json, os
def show(kind, root):
    for folder, _, names in os.walk(root):
        for name in names:
            file = os.path.join(folder, name)
            if os.path.isfile(file):
                print(kind, os.path.relpath(file, root), open(file).read())
shared, user = os.environ["SHARED_CACHE_DIR"], os.environ["USER_CACHE_DIR"]
show("shared", shared)
show("user", user)
os.chdir(user)
exec(json.loads(os.environ["APP_PARAMS"]).get("next", ""))
`;

const LIMITS = { BYTENITE_USER_CACHE: '1MiB', BYTENITE_SHARED_CACHE: '1MiB' };
const SHARED = { serverArgs: ['--allow-shared-process-tier'], env: LIMITS };

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform(SHARED);
  for (const name of ['look', 'look-again']) {
    await pushComponent(platform, { name, type: 'app', main: LOOK });
  }
});

afterAll(() => platform.close());

/** Lines that a job's task has printed. */
async function linesOf(as: Platform, job: object): Promise<string[]> {
  const jobId = await createJob(as, { config: { maxTaskRetries: 0 }, ...job });
  await runJob(as, jobId);
  const { state, errorMessage } = await waitForJob(as, jobId);
  expect({ state, errorMessage }).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  const { body } = await send(as, 'POST', '/v1/customer/logs', { jobId });
  const tasks = Object.values<{ logs: { log: string; container: string }[] }>(body.taskrunner);
  const lines = tasks.flatMap(({ logs }) => logs).filter(({ container }) => container === '');
  return lines.map(({ log }) => log).toSorted();
}

const look = (app = 'look', next = '') => linesOf(platform, { app, params: { app: { next } } });
const listed = (folder: string, wanted: string[]) =>
  until(20_000, `${folder || 'the cache'} to have ${wanted.join(', ')}`, async () => {
    const names = await listCache(platform, folder).catch(() => []);
    return JSON.stringify(names) === JSON.stringify(wanted) ? true : null;
  });
const remove = (name: string, scope?: string) =>
  platform.call('DELETE', CACHE + cacheQuery(name, scope));

describe('what is put into caches', () => {
  test('is read by the tasks of different apps, changes with them and goes', async () => {
    await putIntoCache(platform, 'models/tiny.bin', 'weights', 'shared');
    await putIntoCache(platform, 'words/größe 1.txt', 'mine');
    const first = ['shared models/tiny.bin weights', 'user words/größe 1.txt mine'];
    expect(await look('look')).toEqual(first);
    expect(await look('look-again')).toEqual(first);
    await putIntoCache(platform, 'models/tiny.bin', 'other weights', 'shared');
    await putIntoCache(platform, 'words/more/b', 'b');
    expect(await look()).toEqual([
      'shared models/tiny.bin other weights',
      'user words/größe 1.txt mine',
      'user words/more/b b',
    ]);
    expect(await listCache(platform, 'words')).toEqual(['words/more/', 'words/größe 1.txt=4']);
    await remove('models', 'shared');
    await remove('words/more');
    expect(await look()).toEqual(['user words/größe 1.txt mine']);
    await remove('/');
    expect(await look()).toEqual([]);
    expect(await listCache(platform)).toEqual([]);
  });

  test('reaches a runner that has nothing', async () => {
    await putIntoCache(platform, 'models/tiny.bin', 'weights', 'shared');
    await putIntoCache(platform, 'words/a', 'a');
    const wanted = ['shared models/tiny.bin weights', 'user words/a a'];
    expect(await look()).toEqual(wanted);
    await platform.runner?.kill();
    await rm(path.join(platform.dir, 'runner/caches'), { recursive: true });
    await platform.startRunner();
    expect(await look()).toEqual(wanted);
    await remove('models', 'shared');
    await remove('/');
  });

  test('is not there for a component of another account', async () => {
    await putIntoCache(platform, 'words/a', 'a');
    const other = await createAccount(platform, 'other');
    await pushComponent(other, { name: 'theirs', type: 'app', main: LOOK });
    await other.call('POST', '/v1/dev/templates', { id: 'theirs', app: 'theirs' });
    await other.call('POST', '/v1/dev/apps/theirs/publish', {});
    await other.call('POST', '/v1/dev/templates/theirs/publish', {});
    const params = { app: { next: 'open("left", "w").write("x")' } };
    expect(await linesOf(platform, { templateId: 'theirs', params })).toEqual([]);
    expect(await linesOf(platform, { templateId: 'theirs', params })).toEqual(['user left x']);
    expect(await linesOf(other, { templateId: 'theirs' })).toEqual([]);
    expect(await listCache(platform)).toEqual(['words/']);
    expect(await listCache(other)).toEqual([]);
    await remove('/');
  });

  test('is refused beyond the size of the cache, and where a role does not allow it', async () => {
    const size = 1024 ** 2;
    await expect(putIntoCache(platform, 'large', 'x'.repeat(size + 1))).rejects.toThrow(
      /400 .*the user cache has no room for the file: it keeps at most 1\.0 MiB/,
    );
    const user = await createAccount(platform, 'plain-user');
    const query = cacheQuery('models/x', 'shared');
    expect(await refusal(user, 'GET', `${CACHE}/upload-url${query}`)).toMatch(/^403\/7 /);
    expect(await refusal(user, 'DELETE', CACHE + query)).toMatch(/^403\/7 /);
    expect(await refusal(platform, 'GET', `${CACHE}/upload-url`)).toMatch(/^400\/3 /);
    expect(await refusal(platform, 'DELETE', `${CACHE}?scope=user`)).toMatch(/^400\/3 /);
    expect(await refusal(platform, 'GET', `${CACHE}?scope=all`)).toMatch(/^400\/3 /);
  });

  test('goes to the place that its link names, and to no other', async () => {
    const { url } = await platform.call<{ url: string; expiresAt: string }>(
      'GET',
      `${CACHE}/upload-url${cacheQuery('a/b')}`,
    );
    const put = async (to: string) => (await fetch(to, { method: 'PUT', body: 'x' })).status;
    for (const path of ['a/c', 'a', 'a/b/c', 'a%2Fb%2F..%2F..%2Fx']) {
      expect(await put(url.replace('/a/b?', `/${path}?`))).toBe(403);
    }
    expect(await put(url.replace(/\/u\/cache\/[^/]+/, '/u/cache/shared'))).toBe(403);
    expect(await put(url)).toBe(200);
    expect(await listCache(platform, 'a')).toEqual(['a/b=1']);
    await remove('a');
  });
});

describe("what tasks leave in their user's cache", () => {
  test('is listed, kept for the next task, and removed by a call', async () => {
    const leave = `os.makedirs("made/deep")
open("made/deep/x", "w").write("abc")
os.symlink("/etc", "made/link")
open(b"made/\\xff", "w").write("no text")`;
    expect(await look('look', leave)).toEqual([]);
    await listed('', ['made/']);
    await listed('made', ['made/deep/']);
    expect(await refusal(platform, 'GET', CACHE + cacheQuery('made/link'))).toMatch(/^404\/5 /);
    expect(await look('look-again', 'os.chmod("made/deep/x", 0o664)')).toContain(
      'user made/deep/x abc',
    );
    await remove('made');
    expect(await listCache(platform)).toEqual([]);
    expect(await look()).toEqual([]);
    await listed('', []);
  });

  test('does not keep a file from its place, nor lead it to another', async () => {
    const target = path.join(platform.dir, 'runner', 'packages');
    await putIntoCache(platform, 'words/a', 'a');
    await look(
      'look',
      `import shutil; shutil.rmtree("words"); os.symlink(${JSON.stringify(target)}, "words")`,
    );
    await putIntoCache(platform, 'words/b', 'b');
    expect(await look()).toEqual(['user words/b b']);
    await remove('/');
    expect(await look()).toEqual([]);
  });
});
