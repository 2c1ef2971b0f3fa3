import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../testing/temp-folder.ts';
import { clearWorkDir, sweepWorkDirs, workDirOf } from './work-dir.ts';

let folder: string;
beforeEach(async () => {
  folder = await tempFolder();
});

/** A work folder as a runner leaves it, of a data directory that is there or gone. */
function make(name: string, { isGone = false, cached = false, owner = true } = {}): string {
  const dataDir = path.join(folder, name);
  if (!isGone) mkdirSync(dataDir);
  const dir = workDirOf(dataDir, folder);
  for (const part of ['attempts/1', 'packages/x', 'trash', 'caches']) {
    mkdirSync(path.join(dir, part), { recursive: true });
  }
  if (owner) writeFileSync(path.join(dir, 'data-dir'), dataDir);
  mkdirSync(path.join(dir, 'caches/user'));
  if (cached) writeFileSync(path.join(dir, 'caches/user/model.bin'), 'weights');
  return dir;
}

describe('the end of up', () => {
  it('removes the folder, but keeps caches that hold something', async () => {
    const [plain, cached] = [make('plain'), make('cached', { cached: true })];
    for (const name of ['plain', 'cached', 'never-made']) {
      await clearWorkDir(path.join(folder, name), folder);
    }
    expect(existsSync(plain)).toBe(false);
    expect(readdirSync(cached).toSorted()).toEqual(['caches', 'data-dir']);
  });
});

describe('the start of up', () => {
  it('removes what belongs to data directories that are gone, and nothing else', async () => {
    const kept = [make('there', { cached: true }), make('unknown', { owner: false })];
    const gone = make('gone', { isGone: true, cached: true });
    const other = path.join(folder, 'bytenite-of-someone');
    mkdirSync(other);
    await sweepWorkDirs(folder);
    expect([...kept, other].map((dir) => existsSync(dir))).toEqual([true, true, true]);
    expect(existsSync(gone)).toBe(false);
    await sweepWorkDirs(folder, Date.now() + 2 * 3600_000);
    expect(kept.map((dir) => existsSync(dir))).toEqual([true, false]);
  });

  it('leaves a folder in which something still runs', async () => {
    const dir = make('gone', { isGone: true });
    const wait = 'process.stdin.resume()';
    const child = spawn(process.execPath, ['-e', wait, dir], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(child, 'spawn');
    await sweepWorkDirs(folder);
    expect(existsSync(dir)).toBe(true);
    child.stdin.end();
    await once(child, 'exit');
    await sweepWorkDirs(folder);
    expect(existsSync(dir)).toBe(false);
  });
});
