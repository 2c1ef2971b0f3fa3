import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { BlobStore } from '../blob/blob-store.ts';
import { openDiskBlobStore } from '../blob/disk.ts';
import { openHttpSource } from './http-source.ts';
import { SourceError } from './source-error.ts';
import { transferSource } from './source.ts';
import type { SourceFile, TransferContext } from './source.ts';
import { startHttpServer } from './testing/http-server.ts';
import { createUrlGuard } from './url-guard.ts';
import type { UrlGuard } from './url-guard.ts';

const root = mkdtempSync(join(tmpdir(), 'source-'));
let lastDir = 0;
let blobs: BlobStore;
let guard: UrlGuard;

beforeEach(async () => {
  lastDir += 1;
  blobs = await openDiskBlobStore({ dir: join(root, String(lastDir)) });
  guard = createUrlGuard({ allowPrivate: true, idleTimeoutMs: 300 });
});

afterEach(async () => {
  await guard.close();
  await blobs.close();
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

function transferUrl(
  url: string,
  options: Partial<TransferContext & { name: string }> = {},
): Promise<SourceFile[]> {
  const { name = '', ...context } = options;
  return transferSource(
    { kind: 'url', url, name, username: '', password: '' },
    { blobs, guard, keyPrefix: 'job/1/source', ...context },
  );
}

async function storedKeys(): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of blobs.list('')) keys.push(key);
  return keys;
}

describe('transferSource', () => {
  it('stores what a URL holds, under a new key each time', async () => {
    await using server = await startHttpServer((_request, response) => response.end('0123456789'));
    const [first] = await transferUrl(`${server.origin}/data/numbers.txt?x=1`);
    const [second] = await transferUrl(`${server.origin}/data/numbers.txt`);
    expect(first).toMatchObject({ name: 'numbers.txt', size: 10 });
    expect(first?.key).toMatch(/^job\/1\/source\/[0-9a-f-]{36}$/);
    expect(second?.sha256).toBe(first?.sha256);
    expect(await storedKeys()).toEqual([first?.key, second?.key]);
    expect(await text(await blobs.stream(first?.key ?? ''))).toBe('0123456789');
  });

  it('streams a large source of unknown length', async () => {
    await using server = await startHttpServer((_request, response) => {
      for (let i = 0; i < 200; i += 1) response.write(Buffer.alloc(100_000, i));
      response.end();
    });
    const [file] = await transferUrl(server.origin);
    expect(file).toMatchObject({ name: 'source', size: 20_000_000 });
  });

  it('passes an upload on, and misses one that has not arrived', async () => {
    const upload = { name: 'a.csv', key: 'job/1/upload/x', size: 3, sha256: 'hash' };
    const context = { blobs, guard, keyPrefix: 'job/1/source' };
    expect(await transferSource({ kind: 'file', upload }, context)).toEqual([upload]);
    await expect(transferSource({ kind: 'file', upload: null }, context)).rejects.toThrow(
      'no file has been uploaded',
    );
  });

  it('makes the dummy file of bypass', async () => {
    const [file] = await transferSource(
      { kind: 'bypass' },
      { blobs, guard, keyPrefix: 'job/1/source' },
    );
    expect(file).toMatchObject({ name: 'dummy_file.txt', size: 10 });
    expect(await text(await blobs.stream(file?.key ?? ''))).toBe('dummy_file');
  });

  it('refuses an error page, with the status, and stores nothing', async () => {
    await using server = await startHttpServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end('sorry');
    });
    for (const [status, isTransient] of [
      [401, false],
      [404, false],
      [304, false],
      [206, false],
      [429, true],
      [503, true],
    ] as const) {
      const error = await failureOf(transferUrl(`${server.origin}/${status}`));
      expect(error).toMatchObject({ status, isTransient });
      expect(error.message).toContain(`source URL ${server.origin}/${status} answered ${status}`);
    }
    expect(await storedKeys()).toEqual([]);
  });

  it('refuses a source that is too large, announced or not', async () => {
    await using server = await startHttpServer((request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 11);
      response.write('0123456789');
      response.end('x');
    });
    for (const path of ['/announced', '/chunked']) {
      await expect(transferUrl(`${server.origin}${path}`, { maxBytes: 10 })).rejects.toThrow(
        /is larger than the 10 bytes that this server allows/,
      );
    }
    expect(await storedKeys()).toEqual([]);
    await transferUrl(`${server.origin}/announced`, { maxBytes: 11 });
  });

  it.each([
    ['fewer bytes than announced', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234'],
    [
      'a chunked body without its end',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n01234\r\n',
    ],
  ])('takes %s for an error', async (_name, answer) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(answer));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const error = await failureOf(transferUrl(`http://127.0.0.1:${port}/`));
    server.close();
    expect(error.message).toMatch(/\(\d( of 10)? bytes were read\)$/);
    expect(error.isTransient).toBe(true);
    expect(await storedKeys()).toEqual([]);
  });

  it('gives up a source that stops sending', async () => {
    await using server = await startHttpServer((_request, response) => response.write('01234'));
    const error = await failureOf(transferUrl(server.origin));
    expect(error.message).toMatch(
      /cannot be read: the other side stopped sending \(5 bytes were read\)$/,
    );
    expect(await storedKeys()).toEqual([]);
  });

  it('gives up a source that sends a byte now and then, and would never end', async () => {
    await using server = await startHttpServer((_request, response) => {
      const drip = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(drip));
    });
    const error = await failureOf(transferUrl(server.origin, { idleMs: 300 }));
    expect(error.message).toMatch(/ sends too slowly to ever end \(\d+ bytes were read\)$/);
    expect(error.isTransient).toBe(true);
    expect(await storedKeys()).toEqual([]);
  });

  it('ends at once when it is aborted, with the reason', async () => {
    const controller = new AbortController();
    await using server = await startHttpServer((_request, response) => {
      response.write('01234', () => controller.abort(new Error('job was aborted')));
    });
    await expect(transferUrl(server.origin, { signal: controller.signal })).rejects.toThrow(
      'job was aborted',
    );
    expect(await storedKeys()).toEqual([]);
  });
});

describe('openHttpSource', () => {
  it.each([
    ['/a/b/data.csv', '', 'data.csv'],
    ['/a/b/data%20set.csv?x=/y', '', 'data set.csv'],
    ['/a/b/', '', 'b'],
    ['/', '', 'source'],
    ['/a%2Fb', '', 'b'],
    ['/a%5Cb', '', 'b'],
    ['/..%2F..', '', 'source'],
    ['/100%', '', '100%'],
    ['/a%00%0ab', '', 'ab'],
    ['/a', 'given.txt', 'given.txt'],
    ['/a', '/folder/given.txt', 'given.txt'],
    ['/a', '../..', 'a'],
    ['/a', 'x\ud800y', 'x\ufffdy'],
    ['/a', 'ä'.repeat(200), 'ä'.repeat(127)],
  ])('names %s (given name %j) %j', async (path, name, expected) => {
    await using server = await startHttpServer((_request, response) => response.end('x'));
    const source = await openHttpSource(
      { url: server.origin + path, name, username: '', password: '' },
      guard,
    );
    source.cancel();
    expect(source.name).toBe(expected);
  });

  it('reports a connection that broke before anyone read', async () => {
    await using server = await startHttpServer((_request, response) => {
      response.write('01234');
      broken = once(response, 'close');
    });
    let broken: Promise<unknown> | undefined;
    const source = await openHttpSource(
      { url: server.origin, name: '', username: '', password: '' },
      guard,
    );
    await server[Symbol.asyncDispose]();
    await broken;
    await expect(text(source.body as AsyncIterable<Buffer>)).rejects.toThrow(
      /broke the connection/,
    );
  });

  it('sends the user name and password, and knows the announced size', async () => {
    await using server = await startHttpServer((request, response) => {
      response.setHeader('content-length', 3);
      response.end(request.headers.authorization === `Basic ${btoa('ada:pw')}` ? 'yes' : 'no!');
    });
    const source = await openHttpSource(
      { url: server.origin, name: '', username: 'ada', password: 'pw' },
      guard,
    );
    expect(source.size).toBe(3);
    expect(await text(source.body as AsyncIterable<Buffer>)).toBe('yes');
  });
});

async function failureOf(promise: Promise<unknown>): Promise<SourceError> {
  const error: unknown = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof SourceError) return error;
  throw error;
}
