import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PackageCache, type PackageRequest } from './packages.ts';
import { packTar, type TarFile } from './testing/pack-tar.ts';

const { signal } = new AbortController();
let dir: string;
let tars: Map<string, Buffer>;
let fetches: number;

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'bytenite-packages-')), 'packages');
  tars = new Map();
  fetches = 0;
});

afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

async function openCache(limitBytes = 2 ** 30): Promise<PackageCache> {
  const openPackage = (hex: string) => {
    fetches++;
    return Promise.resolve(Readable.from([tars.get(hex) ?? Buffer.alloc(0)]));
  };
  const cache = new PackageCache(dir, { openPackage }, limitBytes);
  await cache.load();
  return cache;
}

async function addPackage(files: Record<string, TarFile>, entrypoint = 'main.py') {
  const tar = await packTar(files);
  const digest = createHash('sha256').update(tar).digest();
  tars.set(digest.toString('hex'), tar);
  return { hash: digest.toString('base64'), entrypoint };
}

function fetch(cache: PackageCache, request: PackageRequest) {
  return cache.get(request, signal);
}

test('a package is fetched once, also when many ask at once, and survives a restart', async () => {
  const request = await addPackage({ 'app/main.py': 'x', 'app/lib/a.py': 'y' });
  const cache = await openCache();
  const uses = await Promise.all([fetch(cache, request), fetch(cache, request)]);
  expect(new Set(uses.map((use) => use.dir)).size).toBe(1);
  const again = (await openCache()).peek(request);
  expect(readFileSync(`${again?.dir}/lib/a.py`, 'utf8')).toBe('y');
  expect(fetches).toBe(1);
});

test('files and folders are read-only, the entrypoint can be executed', async () => {
  const files = { 'app/main.py': 'x', 'app/tool': { text: 't', mode: 0o755 }, 'app/d/f': 'y' };
  const use = await fetch(await openCache(), await addPackage(files));
  const modeOf = (path: string) => (statSync(join(use.dir, path)).mode & 0o777).toString(8);
  expect(['.', 'd', 'd/f', 'main.py', 'tool'].map(modeOf)).toEqual([
    '555',
    '555',
    '444',
    '555',
    '555',
  ]);
});

test('damaged bytes are no package, and nothing of them stays', async () => {
  const request = await addPackage({ 'app/main.py': 'x' });
  const other = await packTar({ 'app/main.py': 'evil' });
  for (const hex of tars.keys()) tars.set(hex, other);
  const cache = await openCache();
  await expect(fetch(cache, request)).rejects.toThrow('its SHA-256 differs');
  expect(readdirSync(dir)).toEqual([]);
});

test.each(['../evil', 'app/../../evil', '/etc/evil', 'app//evil'])(
  'the path %s is refused',
  async (path) => {
    const request = await addPackage({ 'app/main.py': 'x', [path]: 'evil' });
    await expect(fetch(await openCache(), request)).rejects.toThrow('unsafe path');
  },
);

test('a package without its entrypoint is refused', async () => {
  const request = await addPackage({ 'app/other.py': 'x' });
  await expect(fetch(await openCache(), request)).rejects.toThrow('has no main.py');
});

test('the packages used longest ago go when there are too many, those in use stay', async () => {
  const add = (text: string) => addPackage({ 'app/main.py': text.repeat(10) });
  const cache = await openCache(25);
  const [a, b, c] = await Promise.all([add('a'), add('b'), add('c')]);
  const first = await fetch(cache, a);
  const second = await fetch(cache, b);
  second.release();
  const third = await fetch(cache, c);
  expect([first, second, third].map((use) => existsSync(use.dir))).toEqual([true, false, true]);
});
