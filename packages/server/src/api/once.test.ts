/** Calls with an Idempotency-Key, over HTTP: their effect comes once, whoever sends them how often. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiKey } from '../engine/auth/api-keys.ts';
import { abortJob } from '../engine/jobs/abort-job.ts';
import { forget } from '../scheduler/retention.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { checkAndDispose } from '../testing/invariants.ts';
import { addComponent, jobNow, startJob } from '../testing/jobs.ts';
import { addAccount } from '../testing/rows.ts';
import { serveApp, type ServedApp } from '../testing/serve-app.ts';

const JOBS = '/v1/computing/jobs';
const DAY = 24 * 3600 * 1000;

let ctx: TestContext;
let server: ServedApp;
let app: string;
let apiKey: string;

beforeEach(async () => {
  ctx = await createTestContext();
  server = await serveApp(ctx);
  app = await addComponent(ctx, 'app');
  apiKey = await keyOf(ctx.account.id);
});
afterEach(async () => {
  await server.close();
  await checkAndDispose(ctx);
});

async function keyOf(account: string): Promise<string> {
  return (await createApiKey(ctx, { id: account }, { name: 'test' })).secret;
}

interface Answer {
  status: number;
  text: string;
  message: string;
}

async function post(
  path: string,
  body: unknown,
  key: string | null,
  caller = apiKey,
): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'x-api-key': caller, ...(key !== null && { 'idempotency-key': key }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, message: (JSON.parse(text) as Answer).message };
}

const create = (body: object, key: string | null, caller?: string) =>
  post(JOBS, { app, ...body }, key, caller);
const idOf = ({ text }: Answer) => (JSON.parse(text) as { job: { id: string } }).job.id;
const countJobs = async () => (await ctx.store.db.selectFrom('job').select('no').execute()).length;

describe('create with a key', () => {
  it('makes one job, and gives every repetition the first reply', async () => {
    const first = await create({ name: 'x' }, 'k1');
    expect(first.status).toBe(200);
    ctx.advance(DAY - 1);
    expect(await create({ name: 'x' }, 'k1')).toEqual(first);
    expect(await countJobs()).toBe(1);
    // As it was then, whatever became of the job.
    await abortJob(ctx, ctx.account, idOf(first));
    expect(await create({ name: 'x' }, 'k1')).toEqual(first);
    expect(await countJobs()).toBe(0);
  });

  it('gives the first caller the very links that it repeats, though time goes on meanwhile', async () => {
    const { now } = ctx;
    let calls = 0;
    ctx.now = () => now() + (calls += 1);
    const body = { dataSource: { dataSourceDescriptor: 'file' } };
    const first = await create(body, 'k1');
    expect(first.text).toContain('tempUrl');
    expect(await create(body, 'k1')).toEqual(first);
  });

  it('makes one job of many calls at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => create({ name: 'x', run: true }, 'k1')),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(await countJobs()).toBe(1);
  });

  it('refuses the key with another body, and does nothing', async () => {
    await create({ name: 'x' }, 'k1');
    const other = await create({ name: 'y' }, 'k1');
    expect(other).toMatchObject({ status: 409, message: expect.stringContaining('k1') as string });
    expect((JSON.parse(other.text) as { code: number }).code).toBe(10);
    expect(await countJobs()).toBe(1);
  });

  it('is done again with another key, without one, by another account, and after a day', async () => {
    const id = await addAccount(ctx.store);
    const stranger = await keyOf(id);
    const ids = [
      idOf(await create({}, 'k1')),
      idOf(await create({}, 'k2')),
      idOf(await create({}, null)),
    ];
    // The stranger has no such app; what matters is that it does not get the owner's reply.
    expect((await create({}, 'k1', stranger)).text).not.toContain(ids[0]);
    ctx.advance(DAY);
    ids.push(idOf(await create({}, 'k1')));
    expect(new Set(ids).size).toBe(4);
  });

  it('is the same call under both bases', async () => {
    const first = await create({}, 'k1');
    expect(await post('/v1/customer/jobs', { app }, 'k1')).toEqual(first);
  });

  it('stores no error: what was refused can be sent again', async () => {
    const body = { name: 'x', run: true, app: 'later' };
    expect((await post(JOBS, body, 'k1')).status).toBe(400);
    expect(await countJobs()).toBe(0);
    const later = await addComponent(ctx, 'app');
    await ctx.store.db
      .updateTable('component')
      .set({ name: 'later' })
      .where('id', '=', later.slice(0, later.indexOf('@')))
      .execute();
    expect((await post(JOBS, body, 'k1')).status).toBe(200);
    expect(await countJobs()).toBe(1);
  });

  it('forgets keys that had their day', async () => {
    await create({}, 'k1');
    ctx.advance(DAY);
    await create({}, 'k2');
    await forget(ctx);
    const rows = await ctx.store.db.selectFrom('idem').select('key').execute();
    expect(rows).toEqual([{ key: 'k2' }]);
  });

  it.each([
    ['', 400],
    ['a'.repeat(255), 200],
    ['a'.repeat(256), 400],
  ])('takes keys of 1 to 255 characters (%#)', async (key, status) => {
    expect((await create({}, key)).status).toBe(status);
  });
});

describe('run and retry with a key', () => {
  it('a run is repeated rather than refused as started', async () => {
    const id = idOf(await create({}, null));
    const first = await post(`${JOBS}/${id}/run`, '', 'k1');
    expect(first.status).toBe(200);
    expect(await post(`${JOBS}/run/${id}`, '', 'k1')).toEqual(first);
    expect(await post(`${JOBS}/${id}/run`, {}, 'k1')).toMatchObject({ status: 409 });
    expect(await post(`${JOBS}/${id}/run`, '', 'k2')).toMatchObject({
      message: 'job has already been started',
    });
  });

  it('one run of many at once has its effect, and all get its reply', async () => {
    const id = idOf(await create({}, null));
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => post(`${JOBS}/${id}/run`, {}, 'k1')),
    );
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(replies[0]?.status).toBe(200);
  });

  it('a retry makes one next run, however often it is sent', async () => {
    const job = await startJob(ctx, { app });
    await abortJob(ctx, ctx.account, job.id);
    const send = () => post(`${JOBS}/${job.id}/retry`, {}, 'k1');
    const replies = await Promise.all([send(), send(), send()]);
    await abortJob(ctx, ctx.account, job.id);
    replies.push(await send());
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'FAILED', run: 2 });
  });

  it('keys of different jobs are different keys', async () => {
    const [a, b] = [idOf(await create({}, null)), idOf(await create({}, null))];
    expect((await post(`${JOBS}/${a}/run`, {}, 'k1')).status).toBe(200);
    expect((await post(`${JOBS}/${b}/run`, {}, 'k1')).status).toBe(200);
  });
});

describe('run on create', () => {
  it('creates and starts in one call', async () => {
    const { text } = await create({ run: true }, null);
    expect(JSON.parse(text)).toMatchObject({
      job: { state: 'JOB_STATE_STARTED', pinned: { app: { tag: app } } },
    });
  });

  it.each([
    [{ app: 'missing' }, 'no active app matches missing'],
    [{ partitioner: 'missing' }, 'no active partitioner matches missing'],
    [{ dataSource: { dataSourceDescriptor: 'file' } }, 'upload has not been completed'],
    [{ config: { toleratedFailures: 'x' } }, /^config.toleratedFailures/],
  ])('creates nothing where validation fails: %j', async (body, message) => {
    const answer = await create({ run: true, ...body }, 'k1');
    expect(answer.status).toBe(400);
    expect(answer.message).toMatch(message);
    expect(await countJobs()).toBe(0);
    expect(await ctx.store.db.selectFrom('idem').selectAll().execute()).toEqual([]);
  });

  it('leaves an own draft as it was where validation fails', async () => {
    await create({ jobId: 'mine', name: 'before' }, null);
    const body = { jobId: 'mine', name: 'after', partitioner: 'missing', run: true };
    expect((await create(body, null)).status).toBe(400);
    const [row] = await ctx.store.db.selectFrom('job').select(['name', 'state']).execute();
    expect(row).toEqual({ name: 'before', state: 'NEW' });
  });
});
