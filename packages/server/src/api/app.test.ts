/** What the application as a whole promises, beside the contract's calls: errors, origins, operators' pages. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { ApiError } from '@bytenite/contract';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureFirstUser } from '../engine/auth/ensure-first-user.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { serveApp, type ServedApp } from '../testing/serve-app.ts';
import { createApp } from './app.ts';

const KEY = 'key';

let ctx: TestContext;
let server: ServedApp;
let log: string[];

beforeAll(async () => {
  ctx = await createTestContext();
  ctx.config.limits = { ...ctx.config.limits, idleMs: 300, bodyBytes: 10_000 };
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString());
      done();
    },
  });
  ctx.logger = pino(lines);
  await ensureFirstUser(ctx, KEY);
  server = await serveApp(ctx);
});

beforeEach(() => {
  log = [];
});

afterAll(async () => {
  await server.close();
  await ctx.dispose();
});

interface ErrorBody {
  code: number;
  message: string;
  requestId: string;
}

async function errorOf(response: Response): Promise<ErrorBody> {
  return (await response.json()) as ErrorBody;
}

interface Sent extends Omit<RequestInit, 'headers'> {
  headers?: Record<string, string>;
}

const call = (path: string, { headers, ...init }: Sent = {}) =>
  fetch(server.url + path, { ...init, headers: { 'x-api-key': KEY, ...headers } });

describe('an error', () => {
  const failing = (error: unknown) => {
    const broken = { ...ctx, store: { ...ctx.store, db: undefined as never } };
    Object.defineProperty(broken.store, 'db', {
      get: () => {
        throw error;
      },
    });
    return createApp(broken, { runnerToken: 'x' }).request('/v1/auth/user', {
      headers: { authorization: 'unknown' },
    });
  };

  it('that nobody expected tells the caller nothing, and the log everything', async () => {
    const response = await failing(new Error('secret detail'));
    expect(response.status).toBe(500);
    const body = await errorOf(response);
    expect(body).toMatchObject({ code: 13, message: 'internal error' });
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(log.join('')).toContain('secret detail');
    expect(log.join('')).toContain(body.requestId);
    expect(log.join('')).toContain('app.test.ts');
  });

  it('that says when to come back says so in a header too', async () => {
    const busy = new ApiError('RESOURCE_EXHAUSTED', 'too many', { retryAfter: 7 });
    const response = await failing(busy);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
    const bare = await failing(new ApiError('RESOURCE_EXHAUSTED', 'too many'));
    expect(bare.headers.get('retry-after')).toBe('1');
    expect(log).toEqual([]);
  });

  it('names the fields that were wrong', async () => {
    const body = JSON.stringify({ templateId: 't', config: { taskTimeout: 'soon' }, run: 5 });
    const response = await call('/v1/customer/jobs', { method: 'POST', body });
    expect(await response.json()).toMatchObject({
      code: 3,
      message: 'config.taskTimeout must be a number; run must be true or false',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [
            { field: 'config.taskTimeout', description: 'must be a number' },
            { field: 'run', description: 'must be true or false' },
          ],
        },
      ],
    });
  });
});

describe('a body', () => {
  const post = (init: Sent) => call('/v1/customer/jobs', { method: 'POST', ...init });

  it('has a largest size, told or not', async () => {
    const body = JSON.stringify({ templateId: 'x'.repeat(10_000) });
    const message = 'body is larger than 10000 bytes';
    expect(await errorOf(await post({ body }))).toMatchObject({ code: 3, message });
    const stream = new Blob([body]).stream();
    const untold = await post({ body: stream, duplex: 'half' } as Sent);
    expect(await errorOf(untold)).toMatchObject({ code: 3, message });
  });

  it.each([
    [{ body: new Uint8Array([0x22, 0xff, 0x22]) }, 'body is not valid UTF-8'],
    [
      { body: '{}', headers: { 'content-encoding': 'gzip' } },
      'content-encoding gzip is not supported',
    ],
  ])('is refused: %j', async (init, message) => {
    expect(await errorOf(await post(init))).toMatchObject({ code: 3, message });
  });

  it('may begin with a mark and be sent as anything', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await post({ body: '\ufeff{"app":"a"}', headers });
    expect(response.status).toBe(200);
  });

  it('that stops arriving is answered', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `POST /v1/customer/jobs HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${KEY}\r\nContent-Length: 9\r\n\r\n{`,
    );
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^HTTP\/1\.1 504 /);
    socket.destroy();
  });
});

describe('the origin of links', () => {
  const originFor = async (
    changes: Partial<typeof ctx.config>,
    headers: Record<string, string>,
  ) => {
    const app = createApp({ ...ctx, config: { ...ctx.config, ...changes } }, { runnerToken: 'x' });
    const response = await app.request('http://host.example:81/v1/auth/docs/swagger.json', {
      headers,
    });
    const document = (await response.json()) as { servers: { url: string }[] };
    return document.servers[0]?.url;
  };
  const forwarded = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'api.example.org, inner.example',
  };

  it('is where the caller reached this server', async () => {
    expect(await originFor({}, forwarded)).toBe('http://host.example:81');
  });

  it('is what a trusted proxy says', async () => {
    expect(await originFor({ trustProxy: true }, forwarded)).toBe('https://api.example.org');
    expect(await originFor({ trustProxy: true }, {})).toBe('http://host.example:81');
    expect(await originFor({ trustProxy: true }, { 'x-forwarded-host': 'a b' })).toBe(
      'http://host.example:81',
    );
  });

  it('is what the operator says, before all else', async () => {
    const changes = { trustProxy: true, publicUrl: 'https://public.example' };
    expect(await originFor(changes, forwarded)).toBe('https://public.example');
  });
});

describe('an operator', () => {
  it('learns that the server lives and works', async () => {
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({
      status: 'ready',
      disk: { low: false },
    });
    const keys: string[] = [];
    for await (const key of ctx.blobs.list('health')) keys.push(key);
    expect(keys).toEqual([]);
  });

  it('learns which part does not answer', async () => {
    const put = () => Promise.reject(new Error('disk full'));
    const app = createApp({ ...ctx, blobs: { ...ctx.blobs, put } }, { runnerToken: 'x' });
    const response = await app.request('/readyz');
    expect(response.status).toBe(503);
    expect(await errorOf(response)).toMatchObject({
      code: 14,
      message: 'blob store does not answer',
    });
  });

  it('sees calls counted by operation, never by path', async () => {
    await call('/v1/customer/jobs/some-id-of-a-job');
    await call('/v1/nothing/at/all');
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toContain(
      'bytenite_http_requests_total{operation="Customer_GetJob",status="404"} 1',
    );
    expect(text).toContain('bytenite_http_requests_total{operation="None",status="404"}');
    expect(text).toContain('bytenite_http_request_seconds_count{operation="Customer_GetJob"} 1');
    expect(text).not.toContain('some-id');
  });
});

it('closes while callers keep connections open', async () => {
  const other = await serveApp(ctx);
  const idle = connect(other.port, '127.0.0.1');
  await once(idle, 'connect');
  await (await fetch(`${other.url}/healthz`)).json();
  const [, closed] = await Promise.all([other.close(), once(idle, 'close')]);
  expect(closed).toBeDefined();
});

it('says that a port is taken', async () => {
  const { listen } = await import('./listen.ts');
  const app = createApp(ctx, { runnerToken: 'x' });
  await expect(listen(app, { host: '127.0.0.1', port: server.port })).rejects.toThrow(
    `port ${server.port} of 127.0.0.1 is in use`,
  );
});
