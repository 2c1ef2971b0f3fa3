/** Lists and filters of jobs over HTTP, and the small calls around them (contract 1.5, 4). */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, fieldsOf, JOBS, refusal, runJob, send } from './caller.ts';

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
  const schema = { type: 'object', properties: { a: { type: 'number', minimum: 1.5 } } };
  await pushComponent(platform, { name: 'noop', type: 'app', main: 'pass', schema });
  for (const [name, config] of [
    ['alpha', { isTestJob: true, taskTimeout: 60 }],
    ['beta', { maxTaskRetries: 0 }],
    ['Gamma ray', {}],
  ] as const) {
    await createJob(platform, { app: 'noop', name, jobId: name.slice(0, 5).trim(), config });
  }
  await runJob(platform, 'beta');
  await waitForJob(platform, 'beta');
});

afterAll(() => platform.close());

interface Listed {
  pagination: object;
  data: { id: string; name: string }[];
}

async function idsOf(filters: object[], more: object = {}): Promise<string[]> {
  const { status, body } = await send(platform, 'POST', `${JOBS}/filter`, { filters, ...more });
  expect(status).toBe(200);
  return (body as Listed).data.map(({ id }) => id);
}

describe('jobs', () => {
  test.each<[string, object, string[]]>([
    ['without a condition', { field: 'name', value: 'alpha' }, ['alpha']],
    ['by state', { field: 'state', value: 'JOB_STATE_COMPLETE' }, ['beta']],
    [
      'by state, not',
      { field: 'state', condition: 'FILTER_CONDITION_NEQ', value: 9 },
      ['Gamma', 'alpha'],
    ],
    ['by a field of the config', { field: 'config.isTestJob', value: true }, ['alpha']],
    [
      'by a default of the config',
      { field: 'config.maxTaskRetries', value: 3 },
      ['Gamma', 'alpha'],
    ],
    ['by a number', { field: 'config.taskTimeout', condition: 'GT', value: '59' }, ['alpha']],
    ['by part of a name', { field: 'name', condition: 'LIKE', value: 'GAMMA' }, ['Gamma']],
    ['by time', { field: 'endedAt', condition: 'GTE', value: '2020-01-01T00:00:00Z' }, ['beta']],
    ['that have not ended', { field: 'endedAt', value: null }, ['Gamma', 'alpha']],
    ['by tag', { field: 'appId', condition: 'LIKE', value: 'noop@1.0' }, ['beta']],
    ['by duration', { field: 'duration', condition: 'GT', value: 0 }, ['beta']],
    ['by price', { field: 'paymentAmount', condition: 'LTE', value: 0 }, ['Gamma', 'alpha']],
  ])('%s', async (_, filter, ids) => {
    expect((await idsOf([filter])).toSorted()).toEqual(ids);
  });

  test('pass all filters, in order, a page at a time', async () => {
    const drafts = { field: 'state', value: 'NEW' };
    expect(await idsOf([drafts, { field: 'name', value: 'beta' }])).toEqual([]);
    expect(await idsOf([drafts], { orderBy: 'name' })).toEqual(['Gamma', 'alpha']);
    expect(await idsOf([drafts], { order_by: '-name' })).toEqual(['alpha', 'Gamma']);
    const { body } = await send(platform, 'POST', `${JOBS}/filter`, {
      filters: [drafts],
      pagination: { limit: '1', offset: 1 },
      orderBy: 'createdAt desc',
    });
    expect(body).toMatchObject({
      pagination: { total: 2, offset: 1, hasPrevious: true, hasNext: false },
      data: [{ id: 'alpha' }],
    });
  });

  test('an empty body filters nothing; a bad filter names its field', async () => {
    expect((await send(platform, 'POST', `${JOBS}/filter`)).body).toMatchObject({
      pagination: { total: 3 },
    });
    const bad = {
      filters: [
        { field: 'name', value: 'x' },
        { field: 'state', value: 'NO' },
      ],
    };
    const reply = await send(platform, 'POST', `${JOBS}/filter`, bad);
    expect(reply.status).toBe(400);
    expect(fieldsOf(reply)).toEqual(['filters.1.value']);
    const order = await refusal(platform, 'POST', `${JOBS}/filter`, { orderBy: 'password' });
    expect(order).toMatch(/^400\/3 orderBy/);
    expect(await refusal(platform, 'GET', `${JOBS}?orderBy=waitingReason`)).toMatch(/^400\/3 /);
  });
});

test('running tasks are counted by job, under either name', async () => {
  for (const key of ['jobsIds', 'jobIds', 'jobs_ids']) {
    const { body } = await send(platform, 'POST', `${JOBS}/runningTasks`, { [key]: ['beta'] });
    expect(body).toEqual({ jobsRunningTasks: { beta: 0 } });
  }
  const unknown = await refusal(platform, 'POST', `${JOBS}/runningTasks`, { jobsIds: ['no'] });
  expect(unknown).toBe('404/5 job not found');
});

test('a schema is given as it was pushed', async () => {
  for (const path of ['noop', 'noop@1.0', 'noop?version=1.0']) {
    const { text, body } = await send(platform, 'GET', `/v1/customer/schema/${path}`);
    expect(body).toMatchObject({ name: 'noop', version: '1.0', schema: { type: 'object' } });
    expect(text).toContain('"minimum":1.5');
  }
  expect(await refusal(platform, 'GET', '/v1/customer/schema/no-such')).toMatch(/^404\/5 /);
});

describe('the test of a data source', () => {
  const look = (dataSourceDescriptor: string, params: object = {}, more: object = {}) =>
    send(platform, 'POST', '/v1/customer/datasource/test', {
      dataSource: { dataSourceDescriptor, params },
      ...more,
    });

  test('finds what is behind a URL, and says why not', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/none') response.writeHead(404).end();
      else
        response.writeHead(200, { 'content-length': '5', 'content-type': 'text/csv' }).end('12345');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { body } = await look('url', { url: `${url}/in/july.csv` }, { listFiles: true });
    expect(body).toMatchObject({
      filename: 'july.csv',
      path: '/in/july.csv',
      size: '5',
      files: { files: [{ name: 'july.csv', size: '5' }] },
    });
    const missing = await look('url', { url: `${url}/none` });
    expect(missing).toMatchObject({ status: 400, body: { code: 9 } });
    server.close();
  });

  test.each(['bypass', 'bucket'])('of %s is empty', async (descriptor) => {
    expect((await look(descriptor)).body).toEqual({
      filename: '',
      path: '',
      size: '0',
      properties: {},
      tempUrl: '',
      files: null,
    });
  });
});

test('templates that a job can use are the own ones', async () => {
  await send(platform, 'POST', '/v1/dev/templates', { id: 'mine', app: 'noop' });
  const { body } = await send(platform, 'GET', `${JOBS}/templates`);
  expect(body).toMatchObject({ pagination: { total: 1 }, data: [{ id: 'mine' }] });
  expect((await send(platform, 'GET', `${JOBS}/templates/mine/presets`)).body).toEqual({
    presets: [],
  });
  expect(await refusal(platform, 'GET', `${JOBS}/templates/no/presets`)).toMatch(/^404\/5 /);
});
