import { createHash, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  BlobExists,
  BlobKeyInvalid,
  BlobNotFound,
  BlobRangeInvalid,
  BlobTooLarge,
} from './blob-store.ts';
import type { BlobStore } from './blob-store.ts';

/** What every blob store promises. `make` gives an empty store, which the suite closes. */
export function describeBlobStore(name: string, make: () => Promise<BlobStore>): void {
  describe(`blob store: ${name}`, () => {
    let store: BlobStore;

    beforeEach(async () => {
      store = await make();
    });

    afterEach(async () => {
      await store.close();
    });

    it('tells the size of an object and when it was written', async () => {
      const before = Date.now();
      await store.put('job/1/a', Buffer.from('hello'));
      const { size, writtenAt } = await store.stat('job/1/a');
      expect(size).toBe(5);
      // The clock of the files may be coarser than ours.
      expect(Math.abs(writtenAt - before)).toBeLessThan(60_000);
      for (const key of ['job/1/b', 'job/1', 'job/1/a/b']) {
        await expect(store.stat(key)).rejects.toBeInstanceOf(BlobNotFound);
      }
    });

    describe('put', () => {
      it('stores the bytes and reports their size and hash', async () => {
        const body = Buffer.from('hello');
        const sha256 = createHash('sha256').update(body).digest('base64url');
        expect(await store.put('job/1/packs/a', body)).toEqual({ size: 5, sha256 });
        expect(await contentOf(store, 'job/1/packs/a')).toBe('hello');
        expect(await store.size('job/1/packs/a')).toBe(5);
      });

      it('takes one buffer, several, and a stream, with the same result', async () => {
        const parts = ['one ', '', 'two ', 'three'].map((part) => Buffer.from(part));
        const infos = [
          await store.put('whole', Buffer.concat(parts)),
          await store.put('parts', parts),
          await store.put('stream', iterate(parts)),
        ];
        expect(new Set(infos.map((info) => info.sha256)).size).toBe(1);
        for (const key of ['whole', 'parts', 'stream'])
          expect(await contentOf(store, key)).toBe('one two three');
      });

      it('stores an empty object from every kind of body', async () => {
        await store.put('e/1', new Uint8Array());
        await store.put('e/2', []);
        await store.put('e/3', iterate([]));
        for (const key of ['e/1', 'e/2', 'e/3']) {
          expect(await store.size(key)).toBe(0);
          expect(await contentOf(store, key)).toBe('');
        }
      });

      it('stores a body of many megabytes in many parts unchanged', async () => {
        const parts = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(4001, i));
        const expected = createHash('sha256').update(Buffer.concat(parts)).digest('base64url');
        expect(await store.put('large/parts', parts)).toEqual({
          size: 3000 * 4001,
          sha256: expected,
        });
        expect((await store.put('large/stream', iterate(parts))).sha256).toBe(expected);
        const hash = createHash('sha256');
        for await (const part of await store.stream('large/stream')) hash.update(part as Buffer);
        expect(hash.digest('base64url')).toBe(expected);
      });

      it('never overwrites: of concurrent puts of one key exactly one wins', async () => {
        const bodies = Array.from({ length: 8 }, (_, i) => `body ${i}`);
        const puts = await Promise.allSettled(
          bodies.map((body) => store.put('same', Buffer.from(body))),
        );
        const refusals = puts.flatMap((put) => (put.status === 'rejected' ? [put.reason] : []));
        expect(refusals).toHaveLength(7);
        expect(refusals.every((reason) => reason instanceof BlobExists)).toBe(true);
        const winner = puts.findIndex((put) => put.status === 'fulfilled');
        expect(await contentOf(store, 'same')).toBe(bodies[winner]);
      });

      it('refuses a body above maxBytes and leaves nothing', async () => {
        const body = Buffer.alloc(11);
        await expect(store.put('big', body, { maxBytes: 10 })).rejects.toBeInstanceOf(BlobTooLarge);
        await expect(store.put('big', [body], { maxBytes: 10 })).rejects.toBeInstanceOf(
          BlobTooLarge,
        );
        await expect(store.put('big', iterate([body]), { maxBytes: 10 })).rejects.toBeInstanceOf(
          BlobTooLarge,
        );
        expect(await keysOf(store, '')).toEqual([]);
        await store.put('big', body, { maxBytes: 11 });
      });

      it('leaves nothing when the body fails', async () => {
        async function* failing(): AsyncGenerator<Uint8Array> {
          yield Buffer.from('half');
          throw new Error('source broke');
        }
        await expect(store.put('broken', failing())).rejects.toThrow('source broke');
        expect(await keysOf(store, '')).toEqual([]);
      });

      it('stops waiting for a silent body when it is aborted, and leaves nothing', async () => {
        const controller = new AbortController();
        async function* silent(): AsyncGenerator<Uint8Array> {
          yield Buffer.from('half');
          controller.abort(new Error('no longer wanted'));
          await new Promise(() => undefined);
        }
        const put = store.put('aborted', silent(), { signal: controller.signal });
        await expect(put).rejects.toThrow('no longer wanted');
        expect(await keysOf(store, '')).toEqual([]);
        await store.put('aborted', Buffer.from('again'));
      });

      it('writes nothing when it is aborted from the start', async () => {
        const signal = AbortSignal.abort(new Error('too late'));
        await expect(store.put('never', Buffer.from('x'), { signal })).rejects.toThrow('too late');
        expect(await keysOf(store, '')).toEqual([]);
      });

      it('stores many objects of one new folder at once', async () => {
        const keys = Array.from(
          { length: 100 },
          (_, i) => `job/9/packs/${String(i).padStart(3, '0')}`,
        );
        await Promise.all(keys.map((key) => store.put(key, Buffer.from(key))));
        expect(await keysOf(store, 'job/9')).toEqual(keys);
        for (const key of keys) expect(await contentOf(store, key)).toBe(key);
      });
    });

    describe('read and stream', () => {
      beforeEach(async () => {
        await store.put('digits', Buffer.from('0123456789'));
      });

      it('give exactly the bytes of a range', async () => {
        for (const [offset, length] of [
          [0, 10],
          [0, 1],
          [3, 4],
          [9, 1],
          [5, 0],
          [10, 0],
        ] as const) {
          const expected = '0123456789'.slice(offset, offset + length);
          expect((await store.read('digits', { offset, length })).toString()).toBe(expected);
          expect((await buffer(await store.stream('digits', { offset, length }))).toString()).toBe(
            expected,
          );
        }
      });

      it('refuse a range that does not lie within the object', async () => {
        const ranges = [
          [0, 11],
          [10, 1],
          [11, 0],
          [-1, 2],
          [0, -1],
          [0.5, 1],
          [0, 2 ** 40],
        ] as const;
        for (const [offset, length] of ranges) {
          await expect(store.read('digits', { offset, length })).rejects.toBeInstanceOf(
            BlobRangeInvalid,
          );
          await expect(store.stream('digits', { offset, length })).rejects.toBeInstanceOf(
            BlobRangeInvalid,
          );
        }
      });

      it('reject BlobNotFound for an absent key, a folder, and a key below an object', async () => {
        await store.put('folder/object', Buffer.from('x'));
        for (const key of ['absent', 'folder', 'digits/below']) {
          await expect(store.read(key, { offset: 0, length: 1 })).rejects.toBeInstanceOf(
            BlobNotFound,
          );
          await expect(store.stream(key)).rejects.toBeInstanceOf(BlobNotFound);
          await expect(store.size(key)).rejects.toBeInstanceOf(BlobNotFound);
        }
      });

      it('serve many reads of many objects at once', async () => {
        const keys = Array.from({ length: 20 }, () => `p/${randomUUID()}`);
        await Promise.all(keys.map((key) => store.put(key, Buffer.from(key))));
        const wanted = Array.from({ length: 400 }, (_, i) => ({
          key: keys[i % 20] ?? '',
          offset: i % 30,
        }));
        const parts = await Promise.all(
          wanted.map(({ key, offset }) => store.read(key, { offset, length: 8 })),
        );
        expect(parts.map(String)).toEqual(
          wanted.map(({ key, offset }) => key.slice(offset, offset + 8)),
        );
      });

      it('hold the error of an abort for whoever reads the stream later', async () => {
        const controller = new AbortController();
        const stream = await store.stream('digits', undefined, controller.signal);
        const closed = new Promise((resolve) => {
          stream.once('close', resolve);
        });
        controller.abort();
        await closed;
        await expect(buffer(stream)).rejects.toThrow(/abort/i);
      });

      it('end a stream with an error when its signal aborts', async () => {
        await store.put('long', Buffer.alloc(8 * 1024 * 1024));
        const controller = new AbortController();
        const stream = await store.stream('long', undefined, controller.signal);
        const read = async (): Promise<void> => {
          for await (const _ of stream) controller.abort();
        };
        await expect(read()).rejects.toThrow(/abort/i);
      });
    });

    describe('list and deletePrefix', () => {
      const KEYS = [
        'job/1/a',
        'job/1/b.x',
        'job/1/b/c',
        'job/1/b/d',
        'job/17/a',
        'package/p1',
        'package/p10',
      ];

      beforeEach(async () => {
        for (const key of KEYS) await store.put(key, Buffer.from(key));
      });

      it('list keys in byte order, below a folder only', async () => {
        expect(await keysOf(store, '')).toEqual(KEYS);
        expect(await keysOf(store, 'job/1')).toEqual(KEYS.slice(0, 4));
        expect(await keysOf(store, 'job/1/')).toEqual(KEYS.slice(0, 4));
        expect(await keysOf(store, 'package/p1')).toEqual(['package/p1']);
        expect(await keysOf(store, 'job/2')).toEqual([]);
        expect(await keysOf(store, 'package/p1/below')).toEqual([]);
      });

      it('delete a folder with all below it and nothing beside it, repeatably', async () => {
        await store.deletePrefix('job/1');
        await store.deletePrefix('job/1/');
        await store.deletePrefix('nothing/here');
        await store.deletePrefix('package/p1/below');
        expect(await keysOf(store, '')).toEqual(KEYS.slice(4));
      });

      it('delete the single object of a key', async () => {
        await store.deletePrefix('package/p1');
        expect(await keysOf(store, 'package')).toEqual(['package/p10']);
      });

      it('make a deleted key free, and no read sees the old bytes', async () => {
        await store.read('job/1/a', { offset: 0, length: 3 });
        await store.deletePrefix('job/1');
        await expect(store.read('job/1/a', { offset: 0, length: 3 })).rejects.toBeInstanceOf(
          BlobNotFound,
        );
        await store.put('job/1/a', Buffer.from('new'));
        expect((await store.read('job/1/a', { offset: 0, length: 3 })).toString()).toBe('new');
      });

      it('refuse to delete everything at once', async () => {
        await expect(store.deletePrefix('')).rejects.toBeInstanceOf(BlobKeyInvalid);
        await expect(store.deletePrefix('/')).rejects.toBeInstanceOf(BlobKeyInvalid);
      });
    });

    it('refuses keys that could lead out of the store or to two names for one object', async () => {
      const keys = [
        '',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        'a/../b',
        'a/./b',
        'a b',
        'ä',
        'a\\b',
        'a\0b',
        'x'.repeat(256),
      ];
      for (const key of [...keys, 'a/'.repeat(500) + 'a']) {
        await expect(store.put(key, Buffer.from('x'))).rejects.toBeInstanceOf(BlobKeyInvalid);
        await expect(store.read(key, { offset: 0, length: 1 })).rejects.toBeInstanceOf(
          BlobKeyInvalid,
        );
        await expect(store.stream(key)).rejects.toBeInstanceOf(BlobKeyInvalid);
        await expect(store.size(key)).rejects.toBeInstanceOf(BlobKeyInvalid);
      }
      await expect(store.deletePrefix('job/..')).rejects.toBeInstanceOf(BlobKeyInvalid);
      await expect(keysOf(store, '../x')).rejects.toBeInstanceOf(BlobKeyInvalid);
    });
  });
}

async function contentOf(store: BlobStore, key: string): Promise<string> {
  return (await buffer(await store.stream(key))).toString();
}

async function keysOf(store: BlobStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
}

async function* iterate(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}
