import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { download } from './download.ts';
import { ConnectionError } from './errors.ts';
import { serveRaw } from './testing/serve.ts';

it('a stream that breaks off says so, and does not look like a whole one', async () => {
  const { url } = await serveRaw((request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('some', () => setImmediate(() => request.socket.destroy()));
  });
  const { stream, size } = await download(url);
  expect(size).toBe(1000);
  await expect(new Response(stream).text()).rejects.toThrow(ConnectionError);
});

it('a stream in which nothing moves any more is given up', async () => {
  const { url } = await serveRaw((_, response) => void response.write('some'));
  const { stream } = await download(url, { idleMs: 30 });
  await expect(new Response(stream).text()).rejects.toMatchObject({
    reason: 'timeout',
    message: expect.stringMatching(/moved nothing for 0\.03 s$/) as string,
  });
});

it('a stream that is cancelled ends the transfer', async () => {
  let closed: Promise<unknown> | undefined;
  const { url } = await serveRaw((_, response: ServerResponse) => {
    closed = once(response, 'close');
    response.write('some');
  });
  const { stream } = await download(url);
  await stream.cancel();
  await closed;
  expect(closed).toBeDefined();
});

it('an abort ends the stream with its reason', async () => {
  const controller = new AbortController();
  const { url } = await serveRaw((_, response) => void response.write('some'));
  const { stream } = await download(url, { signal: controller.signal });
  const text = new Response(stream).text();
  controller.abort(new Error('enough'));
  await expect(text).rejects.toThrow('enough');
});
