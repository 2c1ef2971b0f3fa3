import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveRaw } from '../testing/serve.ts';
import { downloadFile } from './download.ts';
import { uploadFile, uploadStream } from './files.ts';

const CONTENT = randomBytes(300_000);
const SOON = { retryMs: 1 };

async function folder(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'bytenite-transfer-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

/** Sends the file or the part asked for; each answer but the last breaks off after some bytes. */
function sendParts(breaks: number[], options: { etags?: string[]; ranges?: boolean } = {}) {
  const ranges: (string | undefined)[] = [];
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    const { range } = request.headers;
    ranges.push(range);
    const etag = options.etags?.[ranges.length - 1] ?? '"one"';
    const sameFile = [undefined, etag].includes(request.headers['if-range'] as string | undefined);
    const start = sameFile && options.ranges !== false ? Number(/\d+/.exec(range ?? '')?.[0]) : 0;
    const rest = CONTENT.subarray(start || 0);
    const status = start ? 206 : 200;
    const last = CONTENT.length - 1;
    response.writeHead(status, {
      'content-length': rest.length,
      etag,
      ...(start && { 'content-range': `bytes ${start}-${last}/${CONTENT.length}` }),
    });
    const cut = breaks[ranges.length - 1];
    if (cut === undefined) return void response.end(rest);
    response.write(rest.subarray(0, cut), () => setImmediate(() => request.socket.destroy()));
  };
  return { handler, ranges };
}

describe('downloads', () => {
  it('go on where they broke', async () => {
    const { handler, ranges } = sendParts([100_000, 50_000]);
    const file = path.join(await folder(), 'sub/out.bin');
    expect(await downloadFile((await serveRaw(handler)).url, file, SOON)).toBe(CONTENT.length);
    expect(await readFile(file)).toEqual(CONTENT);
    expect(ranges).toHaveLength(3);
    expect(ranges[1]).toMatch(/^bytes=\d+-$/);
  });

  it('start anew when the file is another one by then, or parts are not to be had', async () => {
    for (const options of [{ etags: ['"one"', '"two"'] }, { ranges: false }]) {
      const { handler } = sendParts([100_000], options);
      const file = path.join(await folder(), 'out.bin');
      await downloadFile((await serveRaw(handler)).url, file, SOON);
      expect(await readFile(file)).toEqual(CONTENT);
    }
  });

  it('that fail leave nothing behind, and an older file as it was', async () => {
    const dir = await folder();
    await writeFile(path.join(dir, 'out.bin'), 'old');
    const { url } = await serveRaw((_, response) => void response.writeHead(404).end());
    await expect(downloadFile(url, path.join(dir, 'out.bin'))).rejects.toMatchObject({
      kind: 'NOT_FOUND',
    });
    expect(await readdir(dir)).toEqual(['out.bin']);
    expect(await readFile(path.join(dir, 'out.bin'), 'utf8')).toBe('old');
  });

  it('are given up when nothing arrives any more', async () => {
    const { url } = await serveRaw((_, response) => void response.write('some'));
    const promise = downloadFile(url, path.join(await folder(), 'out.bin'), {
      ...SOON,
      idleMs: 20,
    });
    await expect(promise).rejects.toMatchObject({ reason: 'timeout' });
  });

  it('tell how far they are', async () => {
    const seen: (number | undefined)[][] = [];
    const { handler } = sendParts([]);
    await downloadFile((await serveRaw(handler)).url, path.join(await folder(), 'out.bin'), {
      onProgress: (bytes, total) => seen.push([bytes, total]),
    });
    expect(seen.at(-1)).toEqual([CONTENT.length, CONTENT.length]);
  });
});

describe('uploads', () => {
  it('of a file carry its length, and are repeated when the connection breaks', async () => {
    const received: Buffer[] = [];
    const lengths: unknown[] = [];
    const { url } = await serveRaw((request, response) => {
      lengths.push([request.method, request.headers['content-length']]);
      if (lengths.length === 1) return void request.socket.destroy();
      void buffer(request).then((bytes) => {
        received.push(bytes);
        response.end();
      });
    });
    const file = path.join(await folder(), 'in.bin');
    await writeFile(file, CONTENT);
    await uploadFile(url, file, SOON);
    expect(received).toEqual([CONTENT]);
    expect(lengths.at(-1)).toEqual(['PUT', String(CONTENT.length)]);
  });

  it('of an empty file are uploads too', async () => {
    const bodies: string[] = [];
    const { url } = await serveRaw((request, response) => {
      void buffer(request).then((bytes) => {
        bodies.push(`${request.headers['content-length']}:${bytes.toString()}`);
        response.end();
      });
    });
    const file = path.join(await folder(), 'in.bin');
    await writeFile(file, '');
    await uploadFile(url, file, SOON);
    expect(bodies).toEqual(['0:']);
  });

  it('of a stream are not repeated', async () => {
    let calls = 0;
    const { url } = await serveRaw((request) => {
      calls += 1;
      request.socket.destroy();
    });
    await expect(uploadStream(url, Readable.from([CONTENT]))).rejects.toMatchObject({
      reason: 'unreachable',
    });
    expect(calls).toBe(1);
  });

  it('that are refused say why', async () => {
    const { url } = await serveRaw((request, response) => {
      request.resume();
      request.on('end', () =>
        response.writeHead(400).end(JSON.stringify({ code: 9, message: 'job has started' })),
      );
    });
    const file = path.join(await folder(), 'in.bin');
    await writeFile(file, CONTENT);
    await expect(uploadFile(url, file)).rejects.toThrow('job has started');
  });
});
