import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createJob } from '../engine/jobs/create-job.ts';
import { pushComponent } from '../engine/components/push-component.ts';
import { deleteJobRow } from '../store/jobs.ts';
import { findUpload, insertOutputs } from '../store/records.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { dataPrefix } from '../engine/job-keys.ts';
import { componentPackage } from '../testing/package-of.ts';
import { addJob } from '../testing/rows.ts';
import { serveApp, type ServedApp } from '../testing/serve-app.ts';
import { packageLink, resultLink, uploadLink } from './file-links.ts';

const DAY = 24 * 3600 * 1000;
const IDLE_MS = 300;
const MAX_BYTES = 2_000_000;

let ctx: TestContext;
let server: ServedApp;

beforeAll(async () => {
  ctx = await createTestContext();
  ctx.config.limits = { ...ctx.config.limits, idleMs: IDLE_MS, sourceBytes: MAX_BYTES };
  server = await serveApp(ctx);
});

afterAll(async () => {
  await server.close();
  await ctx.dispose();
});

const links = () => ({ ctx, origin: server.url });

async function errorOf(response: Response): Promise<[number, number, string]> {
  const { code, message } = (await response.json()) as { code: number; message: string };
  return [response.status, code, message];
}

async function keysOf(jobNo: number): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of ctx.blobs.list(dataPrefix(jobNo))) keys.push(key);
  return keys;
}

describe('an upload', () => {
  let jobNo: number;
  let url: string;

  beforeEach(async () => {
    const dataSource = { dataSourceDescriptor: 'file' };
    const { job } = await createJob(ctx, ctx.account, { app: 'a', dataSource });
    jobNo = job.no;
    url = uploadLink(links(), jobNo);
  });

  const put = (
    body: string | Uint8Array<ArrayBuffer> | FormData,
    headers: Record<string, string> = {},
    to = url,
  ) => fetch(to, { method: 'PUT', body, headers });

  async function stored(): Promise<{ text: string; name: string }> {
    const upload = await findUpload(ctx.store.db, jobNo);
    if (upload?.key == null) throw new Error('nothing was uploaded');
    const bytes = await ctx.blobs.read(upload.key, { offset: 0, length: upload.size_bytes });
    return { text: bytes.toString(), name: upload.name };
  }

  it.each([undefined, 'text/plain', 'application/x-gzip', 'multipart/mixed; boundary=x'])(
    'is stored as it is, sent as %s',
    async (type) => {
      const bytes = new TextEncoder().encode('some text');
      const response = await put(bytes, type === undefined ? {} : { 'content-type': type });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ ok: true, error: null });
      expect((await stored()).text).toBe('some text');
    },
  );

  it.each([
    ['attachment', ''],
    ['attachment; filename="in.txt"', 'in.txt'],
    ['attachment; filename=../../etc/passwd', 'passwd'],
    ["attachment; filename=a.txt; filename*=UTF-8''%C3%A9t%C3%A9.txt", 'été.txt'],
  ])('has the name that Content-Disposition gives: %s', async (disposition, name) => {
    await put('x', { 'content-disposition': disposition });
    expect((await stored()).name).toBe(name);
  });

  it('is the part of a form with one part', async () => {
    const form = new FormData();
    form.append('file', new Blob(['first\r\n--x\r\nsecond']), 'dir/in.txt');
    expect((await put(form)).status).toBe(200);
    expect(await stored()).toEqual({ text: 'first\r\n--x\r\nsecond', name: 'in.txt' });
  });

  it('is the part of a form also when that has no name', async () => {
    const form = new FormData();
    form.append('data', 'plain value');
    await put(form);
    expect(await stored()).toEqual({ text: 'plain value', name: '' });
  });

  it('refuses forms with more parts, none, or broken ones, and keeps nothing of them', async () => {
    const form = new FormData();
    form.append('a', new Blob(['1'.repeat(100_000)]), 'a');
    form.append('b', new Blob(['2']), 'b');
    expect(await errorOf(await put(form))).toEqual([
      400,
      3,
      'multipart body has more than one part',
    ]);
    const type = { 'content-type': 'multipart/form-data; boundary=x' };
    expect((await put('--x--\r\n', type)).status).toBe(400);
    const head = '--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n';
    expect((await put(`${head}cut off`, type)).status).toBe(400);
    expect((await put('no form', type)).status).toBe(400);
    expect((await put('x', { 'content-type': 'multipart/form-data; y' })).status).toBe(400);
    expect(await keysOf(jobNo)).toEqual([]);
    await put('still possible');
    expect((await stored()).text).toBe('still possible');
  });

  it('needs the very link that was given out', async () => {
    const refused = [403, 7, 'the link is not valid, or no longer'];
    expect(await errorOf(await put('x', {}, url.replace(/sig=.*/, '')))).toEqual(refused);
    expect(await errorOf(await put('x', {}, `${url}x`))).toEqual(refused);
    const other = await addJob(ctx.store, ctx.account.id);
    const moved = url.replace(`/u/${jobNo}?`, `/u/${other.no}?`);
    expect(await errorOf(await put('x', {}, moved))).toEqual(refused);
    const sig = ctx.links.sign('result', String(jobNo), ctx.now() + DAY);
    expect(await errorOf(await put('x', {}, url.replace(/sig=.*/, `sig=${sig}`)))).toEqual(refused);
    ctx.advance(DAY);
    expect(await errorOf(await put('x'))).toEqual(refused);
  });

  it('has no place once its job is gone', async () => {
    await ctx.store.transact((tx) => deleteJobRow(tx, jobNo));
    expect(await errorOf(await put('x'))).toEqual([404, 5, 'job not found']);
  });

  it('has a largest size, told or not', async () => {
    const body = new Uint8Array(MAX_BYTES + 1);
    const refused = [400, 3, `the file is larger than ${MAX_BYTES} bytes`];
    expect(await errorOf(await put(body))).toEqual(refused);
    const untold = await fetch(url, {
      method: 'PUT',
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(await errorOf(untold)).toEqual(refused);
    expect((await put(body.subarray(1))).status).toBe(200);
  });

  it('that stands still is ended, and leaves nothing', async () => {
    const socket = connect(server.port, '127.0.0.1');
    const path = url.slice(server.url.length);
    socket.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^HTTP\/1\.1 504 /);
    await once(socket, 'close');
    expect(await keysOf(jobNo)).toEqual([]);
  });

  it('that breaks off leaves nothing', async () => {
    const socket = connect(server.port, '127.0.0.1');
    const path = url.slice(server.url.length);
    socket.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome`);
    socket.once('connect', () => setImmediate(() => socket.destroy()));
    await once(socket, 'close');
    await put('after');
    await vi.waitFor(async () => expect(await keysOf(jobNo)).toHaveLength(1));
    expect((await stored()).text).toBe('after');
  });
});

describe('a result', () => {
  const NAME = 'out/été 100% #1 "a".txt';
  let jobNo: number;
  let url: string;

  beforeEach(async () => {
    const job = await addJob(ctx.store, ctx.account.id, 'COMPLETE', { ended_at: ctx.now() });
    jobNo = job.no;
    await ctx.blobs.put(`result/${jobNo}`, Buffer.from('before|0123456789|after'));
    const place = { key: `result/${jobNo}`, offset: 7, length: 10 };
    await ctx.store.transact((tx) =>
      insertOutputs(tx, [
        { job: jobNo, run: 1, path: NAME, ...place },
        { job: jobNo, run: 1, path: 'empty', ...place, length: 0 },
        { job: jobNo, run: 1, path: 'two\nlines', ...place },
      ]),
    );
    url = resultLink(links(), { jobNo, run: 1, path: NAME }, ctx.now() + 2 * DAY);
  });

  const get = (headers: Record<string, string> = {}, method = 'GET', from = url) =>
    fetch(from, { method, headers });

  it('is served as a file to save, to any page, and never as a page', async () => {
    const response = await get({ origin: 'https://console.example.org' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('0123456789');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '10',
      'accept-ranges': 'bytes',
      'content-disposition': `attachment; filename="_t_ 100_ #1 _a_.txt"; filename*=UTF-8''%C3%A9t%C3%A9%20100%25%20%231%20%22a%22.txt`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
      'access-control-allow-origin': '*',
      'x-request-id': expect.stringMatching(/^req-/),
    });
  });

  it('is found by any name that a file can have', async () => {
    const result = { jobNo, run: 1, path: 'two\nlines' };
    const response = await get({}, 'GET', resultLink(links(), result, ctx.now() + DAY));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('0123456789');
  });

  it('has a head without a body', async () => {
    const response = await get({}, 'HEAD');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('10');
    expect(await response.text()).toBe('');
  });

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=5-500', '56789', 'bytes 5-9/10'],
  ])('is served in part: %s', async (range, text, contentRange) => {
    const response = await get({ range });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(contentRange);
    expect(await response.text()).toBe(text);
  });

  it.each(['bytes=3-1', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=-'])(
    'is served whole for a range that is none, or several: %s',
    async (range) => {
      const response = await get({ range });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('0123456789');
    },
  );

  it.each(['bytes=10-', 'bytes=-0', 'bytes=99-100'])(
    'has no part behind its end: %s',
    async (range) => {
      const response = await get({ range });
      expect(response.headers.get('content-range')).toBe('bytes */10');
      expect(await errorOf(response)).toEqual([416, 11, 'the file has 10 bytes']);
    },
  );

  it('goes on in parts only while it is the same file', async () => {
    const etag = (await get()).headers.get('etag') ?? '';
    expect((await get({ range: 'bytes=1-2', 'if-range': etag })).status).toBe(206);
    expect((await get({ range: 'bytes=1-2', 'if-range': '"other"' })).status).toBe(200);
  });

  it('may be empty', async () => {
    const empty = resultLink(links(), { jobNo, run: 1, path: 'empty' }, ctx.now() + DAY);
    const response = await get({}, 'GET', empty);
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect((await get({ range: 'bytes=0-' }, 'GET', empty)).status).toBe(416);
  });

  it('ends with its link, with its job, and with its data', async () => {
    const longer = resultLink(links(), { jobNo, run: 1, path: NAME }, ctx.now() + 9 * DAY);
    ctx.advance(2 * DAY);
    expect((await get()).status).toBe(403);
    expect((await get({}, 'GET', longer)).status).toBe(200);
    await ctx.blobs.deletePrefix(`result/${jobNo}`);
    expect(await errorOf(await get({}, 'GET', longer))).toEqual([404, 5, 'file not found']);
    await ctx.store.transact((tx) => deleteJobRow(tx, jobNo));
    expect(await errorOf(await get({}, 'GET', longer))).toEqual([404, 5, 'file not found']);
  });

  it('has no other methods', async () => {
    const response = await get({}, 'DELETE');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  });

  it('is not held open by a caller that takes nothing', async () => {
    const size = 64 * 1024 * 1024;
    await ctx.blobs.put('job/large', Buffer.alloc(size));
    await ctx.store.transact((tx) =>
      insertOutputs(tx, [
        { job: jobNo, run: 1, path: 'large', key: 'job/large', offset: 0, length: size },
      ]),
    );
    const large = resultLink(links(), { jobNo, run: 1, path: 'large' }, ctx.now() + DAY);
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`GET ${large.slice(server.url.length)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'readable');
    // Not read until the server has let go of it: closing waits for connections that are open.
    await expect(server.close()).resolves.toBeUndefined();
    socket.destroy();
    server = await serveApp(ctx);
  });
});

it('serves a package behind its link', async () => {
  const data = await componentPackage('a');
  const view = await pushComponent(ctx, ctx.account, 'app', data);
  const { component, revision } = view.revision;
  const response = await fetch(packageLink(links(), component, revision));
  expect(response.status).toBe(200);
  expect(response.headers.get('content-disposition')).toContain('filename="a@0.1.tar"');
  expect((await response.arrayBuffer()).byteLength).toBe(view.revision.size_bytes);
  const other = packageLink(links(), component, revision).replace('/1?', '/2?');
  expect((await fetch(other)).status).toBe(403);
  ctx.advance(3600 * 1000);
  expect((await fetch(packageLink(links(), component, 2))).status).toBe(404);
});
