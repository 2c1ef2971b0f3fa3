/** Against a real server that fails in each way there is. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import { RemoteError } from './errors.ts';
import { parseRetryAfter } from './retry-after.ts';
import { decidePause } from './retry.ts';
import { errorBody, json, serve, serveRaw } from './testing/serve.ts';

const OK = { ok: true, requestId: 'req-1', message: '', error: null };
const TASKS = { pagination: { total: 0, offset: 0, hasPrevious: false, hasNext: false }, data: [] };
const QUICK = { baseMs: 1, capMs: 2 };
const JOB = { params: { jobId: 'a' } };

describe('a call that only reads', () => {
  it('is repeated when the connection drops before, and in the middle of, the reply', async () => {
    let calls = 0;
    const { url } = await serveRaw((request, response) => {
      calls += 1;
      if (calls === 1) return void request.socket.destroy();
      if (calls === 2) {
        response.writeHead(200, { 'content-length': 1000 });
        return void response.write('{', () => request.socket.destroy());
      }
      json(response, TASKS);
    });
    await createClient({ baseUrl: url, retry: QUICK }).call('Customer_ListTasks', JOB);
    expect(calls).toBe(3);
  });

  it('is repeated by POST as well', async () => {
    const statuses = [503, 502, 200];
    const server = await serve((_, response) =>
      json(response, { partitioner: [], assembler: [], taskrunner: {} }, statuses.shift()),
    );
    const client = createClient({ baseUrl: server.url, retry: QUICK });
    await client.call('Customer_Logs', { body: { jobId: 'a' } });
    expect(server.requests).toHaveLength(3);
  });

  it('is repeated as often as the options say', async () => {
    const server = await serve((_, response) => json(response, {}, 503));
    const client = createClient({ baseUrl: server.url, retry: { ...QUICK, retries: 1 } });
    await expect(client.call('Auth_Info')).rejects.toMatchObject({ status: 503 });
    expect(server.requests).toHaveLength(2);
  });
});

describe('a call that changes something', () => {
  it('is not repeated when it may have been done', async () => {
    const server = await serve((_, response) => json(response, errorBody(14, 'away'), 503));
    const client = createClient({ baseUrl: server.url, retry: QUICK });
    const create = client.call('Customer_CreateJob', { body: { app: 'a' } });
    await expect(create).rejects.toMatchObject({ kind: 'UNAVAILABLE' });
    expect(server.requests).toHaveLength(1);
  });

  it('is repeated with a key of idempotency, which is the same each time', async () => {
    const keys: unknown[] = [];
    const server = await serve(({ headers }, response) => {
      keys.push(headers['idempotency-key']);
      json(response, keys.length === 1 ? errorBody(14, 'away') : OK, keys.length === 1 ? 503 : 200);
    });
    const client = createClient({ baseUrl: server.url, retry: QUICK });
    await client.call('Customer_RunJob', JOB, { idempotencyKey: 'once' });
    expect(keys).toEqual(['once', 'once']);
  });

  it('is not repeated with a key where the platform knows no keys', async () => {
    const server = await serve((_, response) => json(response, errorBody(14, 'away'), 503));
    const client = createClient({ baseUrl: server.url, retry: QUICK });
    const abort = client.call('Customer_AbortJob', JOB, { idempotencyKey: 'once' });
    await expect(abort).rejects.toMatchObject({ kind: 'UNAVAILABLE' });
    expect(server.requests).toHaveLength(1);
  });

  it('is repeated when nobody was there to get it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    let tries = 0;
    const counted: typeof fetch = (input, init) => {
      tries += 1;
      return fetch(input, init);
    };
    const baseUrl = `http://127.0.0.1:${port}`;
    const client = createClient({ baseUrl, fetch: counted, retry: QUICK });
    const call = client.call('Customer_CreateJob', { body: { app: 'a' } });
    await expect(call).rejects.toMatchObject({ reason: 'unreachable', mayBeDone: false });
    expect(tries).toBe(4);
  });

  it('is repeated after 429, not before the time that it names', async () => {
    const times: number[] = [];
    const server = await serve((_, response) => {
      times.push(performance.now());
      if (times.length > 1) return json(response, OK);
      response.setHeader('retry-after', '1');
      json(response, errorBody(8, 'slow down'), 429);
    });
    const client = createClient({ baseUrl: server.url, retry: QUICK });
    await client.call('Customer_RunJob', JOB);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1000);
  });
});

it('a pause beyond reason is told, not taken', async () => {
  const server = await serve((_, response) => {
    response.setHeader('retry-after', '3600');
    json(response, errorBody(8, 'come back tomorrow'), 429);
  });
  const call = createClient({ baseUrl: server.url }).call('Auth_Info');
  const error = await call.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RemoteError);
  expect(error).toMatchObject({ code: 8, status: 429, retryAfter: 3600, requestId: 'req-1' });
  expect(server.requests).toHaveLength(1);
});

it('an abort ends the pause between two tries', async () => {
  const controller = new AbortController();
  const server = await serve((_, response) => {
    response.setHeader('retry-after', '50');
    json(response, errorBody(8, 'slow down'), 429);
    setImmediate(() => controller.abort(new Error('enough')));
  });
  const client = createClient({ baseUrl: server.url });
  const call = client.call('Auth_Info', {}, { signal: controller.signal });
  await expect(call).rejects.toThrow('enough');
});

it('a date says when as well as seconds do', () => {
  const now = Date.parse('2026-02-03T09:00:00Z');
  expect(parseRetryAfter('Tue, 03 Feb 2026 09:00:07 GMT', now)).toBe(7);
  expect(parseRetryAfter('Tue, 03 Feb 2026 08:00:00 GMT', now)).toBe(0);
  expect(parseRetryAfter('soon', now)).toBeUndefined();
});

it('pauses grow, vary and have a limit', () => {
  const pauses = Array.from({ length: 200 }, (_, i) => {
    const outcome = { status: 503, retryAfter: null };
    return decidePause(outcome, i + 1, true, { retries: 1000, baseMs: 100, capMs: 1000 }) ?? 0;
  });
  expect(pauses[0]).toBeLessThanOrEqual(100);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(1000);
  expect(Math.min(...pauses.slice(5))).toBeGreaterThanOrEqual(500);
  expect(new Set(pauses).size).toBeGreaterThan(100);
});
