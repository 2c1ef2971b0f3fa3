/** The folder of a slot, of which each attempt must find nothing but its own. */
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AttemptFolder } from '../../packages/runner/src/attempt-folder.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';

let disk: SmallDisk;
let folder: AttemptFolder;

beforeEach(async () => {
  disk = await mountSmallDisk(1);
  folder = new AttemptFolder(path.join(disk.dir, 'slot'), null, path.join(disk.dir, 'trash'));
});
afterEach(() => disk.remove());

test('a chunk that the disk had no room for leaves nothing of itself in the next', (context) => {
  if (!disk.isMounted) return context.skip();
  folder.prepare('APP');
  folder.writeChunk(Buffer.from('first'));
  folder.clear(true);
  const ballast = path.join(disk.dir, 'ballast');
  const { bavail, bsize } = statfsSync(disk.dir);
  writeFileSync(ballast, Buffer.alloc((bavail - 1) * bsize));
  folder.prepare('APP');
  expect(() => folder.writeChunk(Buffer.alloc(60_000, 'x'))).toThrow('ENOSPC');
  folder.clear(true);
  rmSync(ballast);
  folder.prepare('APP');
  folder.writeChunk(Buffer.from('a short one'));
  expect(readFileSync(folder.chunkFile, 'utf8')).toBe('a short one');
});

test('an attempt that ended before its process began leaves no chunk behind', () => {
  const { input } = folder.prepare('APP');
  folder.writeChunk(Buffer.from('somebody’s'));
  folder.clear(false);
  expect(readdirSync(input)).toEqual([]);
});
