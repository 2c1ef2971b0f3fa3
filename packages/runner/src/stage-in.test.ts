import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeFrameLine, END_FRAME, type TaskKind } from '@bytenite/contract';
import { AttemptFolder } from './attempt-folder.ts';
import { stageStream, type StagedSize } from './stage-in.ts';

let dir: string;
let folder: AttemptFolder;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bytenite-stage-in-'));
  mkdirSync(join(dir, 'trash'));
  folder = new AttemptFolder(join(dir, 'slot'), null, join(dir, 'trash'));
});

afterEach(() => rmSync(dir, { recursive: true }));

function frame(path: string, bytes: Buffer, sha256 = digestOf(bytes)): Buffer {
  return Buffer.concat([Buffer.from(encodeFrameLine({ path, size: bytes.length, sha256 })), bytes]);
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

/** The stream in pieces of this size: frames never end where chunks do. */
async function* pieces(stream: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < stream.length; at += size) yield stream.subarray(at, at + size);
}

function stage(kind: TaskKind, parts: Buffer[], size = 7): Promise<StagedSize> {
  folder.prepare(kind);
  return stageStream(folder, pieces(Buffer.concat(parts), size));
}

const END = Buffer.from(END_FRAME);

test('files small, large and empty arrive, however the stream is cut', async () => {
  const large = Buffer.alloc(700_000, 'large');
  const parts = [
    frame('results/a/b/c.txt', Buffer.from('deep')),
    frame('results/empty', Buffer.alloc(0)),
    frame('results/large', large),
    frame('manifest.jsonl', Buffer.from('{}\n')),
    END,
  ];
  expect(await stage('ASSEMBLER', parts, 4099)).toEqual({ bytes: 700_007, entries: 6 });
  const read = (path: string) => readFileSync(join(folder.path, path));
  expect(read('results/a/b/c.txt').toString()).toBe('deep');
  expect(read('results/empty')).toHaveLength(0);
  expect(read('results/large').equals(large)).toBe(true);
  expect(read('manifest.jsonl').toString()).toBe('{}\n');
});

test('a range of a larger file comes without a digest', async () => {
  const chunk = frame('task/data.bin', Buffer.from('chunk'), '');
  expect(await stage('APP', [chunk, END])).toEqual({ bytes: 5, entries: 1 });
});

test.each([
  ['a stream cut in a file', [frame('task/data.bin', Buffer.from('chunk')).subarray(0, -1)]],
  ['a stream without its end', [frame('task/data.bin', Buffer.from('chunk'))]],
])('%s is refused', async (_what, parts) => {
  await expect(stage('APP', parts)).rejects.toThrow('the input stream was cut');
});

test('damaged bytes are refused', async () => {
  const part = frame('task/data.bin', Buffer.from('chunk'), digestOf(Buffer.from('other')));
  await expect(stage('APP', [part, END])).rejects.toThrow('task/data.bin arrived damaged');
});

test.each([
  '../evil',
  'source/../../evil',
  '/evil',
  'tmp/evil',
  'task/other',
  'source',
  'source//x',
])('a file to %s is refused', async (path) => {
  const parts = [frame(path, Buffer.from('evil')), END];
  await expect(stage('PARTITIONER', parts)).rejects.toThrow('unexpected path');
  expect(existsSync(join(dir, 'evil'))).toBe(false);
});
