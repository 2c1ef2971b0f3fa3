/** Drafts: what creating and editing a job take, show and refuse (contract 4.1). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, type Platform } from '../support/platform.ts';
import { createJob, fieldsOf, JOBS, refusal, send } from './caller.ts';

let platform: Platform;

const HTTP_TYPE = 'type.googleapis.com/bytenite.data_source.HttpDataSource';
const SOURCE = {
  dataSourceDescriptor: 'url',
  params: { '@type': HTTP_TYPE, url: 'https://data.example.org/july.zip' },
};

beforeAll(async () => {
  platform = await startPlatform({ runner: false });
  await pushComponent(platform, { name: 'plain', type: 'app', main: 'pass' });
  await pushComponent(platform, {
    name: 'strict',
    type: 'app',
    main: 'pass',
    schema: {
      type: 'object',
      properties: { size: { type: 'integer' }, deep: { type: 'object', required: ['x'] } },
      required: ['size'],
    },
  });
  await platform.call('POST', '/v1/dev/templates', {
    id: 'counted',
    description: 'Counts words',
    app: 'plain@1',
    params: { app: { minLength: 1, keep: true }, partitioner: { lines: 5000 } },
    config: { taskTimeout: 600 },
    dataDestination: { dataSourceDescriptor: 'bucket' },
  });
});

afterAll(() => platform.close());

const draft = (body: object = {}) => createJob(platform, { app: 'plain', ...body });

describe('a minimal job', () => {
  test('has every field, unset or the template’s', async () => {
    const { body } = await send(platform, 'POST', JOBS, { templateId: 'counted' });
    const templateInfo = {
      id: 'counted',
      owner: expect.any(String),
      description: 'Counts words',
      app: 'plain@1',
      partitioner: 'passthrough',
      assembler: 'passthrough',
    };
    expect(body).toEqual({
      templateInfo,
      job: {
        id: expect.stringMatching(/^[0-9a-f]{8}-/),
        templateId: 'counted',
        name: 'counted',
        description: '',
        config: {
          taskTimeout: 600,
          jobTimeout: 0,
          isTestJob: false,
          maxTaskRetries: 3,
          allowEmpty: false,
          toleratedFailures: '',
          speculation: false,
          retryOn: [],
          failOn: [],
        },
        priority: 'EXECUTION_PRIORITY_UNDEFINED',
        state: 'JOB_STATE_NEW',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/),
        submittedAt: null,
        startedAt: null,
        endedAt: null,
        startAt: null,
        deletedAt: null,
        regions: null,
        dataSource: null,
        dataDestination: { dataSourceDescriptor: 'bucket', params: null },
        params: {
          preset: '',
          partitioner: { lines: 5000 },
          assembler: {},
          app: { minLength: 1, keep: true },
        },
        duration: 0,
        paymentAmount: 0,
        numUnitsEstimation: '0',
        numChunks: 0,
        errorMessage: '',
        stateTimestamps: { JOB_STATE_NEW: expect.any(String) },
        appId: 'plain@1',
        templateInfo,
        failureReason: 'NONE',
        failedChunks: 0,
        waitingReason: '',
        taskCounts: {},
        pinned: null,
      },
    });
    expect((await send(platform, 'GET', `${JOBS}/${body.job.id}`)).body).toEqual(body);
  });

  test('without a template has its own tags in templateInfo', async () => {
    const { body } = await send(platform, 'POST', JOBS, { app: 'plain', partitioner: 'split@2' });
    expect(body.job).toMatchObject({ name: 'plain', templateId: '', appId: 'plain' });
    expect(body.templateInfo).toMatchObject({ id: '', app: 'plain', partitioner: 'split@2' });
  });

  test.each([
    [{}, '400/3 templateId or app is required'],
    [{ templateId: '', app: '' }, '400/3 templateId or app is required'],
    [{ templateId: 'no-such' }, '404/5 template not found'],
    [
      { app: 'plain', dataSource: { dataSourceDescriptor: 'bucket' } },
      '400/3 bucket cannot be used as a data source',
    ],
    [{ app: 'plain', dataDestination: SOURCE }, '400/3 url cannot be used as a data destination'],
  ])('is refused: %j', async (body, message) => {
    expect(await refusal(platform, 'POST', JOBS, body)).toBe(message);
  });
});

describe('a full job', () => {
  test('takes request over template over default', async () => {
    const { body } = await send(platform, 'POST', JOBS, {
      name: 'July count',
      description: 'Nightly count',
      templateId: 'counted',
      app: 'plain@1.0',
      dataSource: SOURCE,
      params: { app: { minLength: 3 }, assembler: {} },
      config: { jobTimeout: '7200', maxTaskRetries: 0, toleratedFailures: '' },
    });
    expect(body.job).toMatchObject({
      name: 'July count',
      description: 'Nightly count',
      appId: 'plain@1.0',
      config: { taskTimeout: 600, jobTimeout: 7200, maxTaskRetries: 0 },
      dataSource: {
        dataSourceDescriptor: 'url',
        params: {
          '@type': HTTP_TYPE,
          url: SOURCE.params.url,
          name: '',
          username: '',
          password: '',
        },
      },
      params: { app: { minLength: 3, keep: true }, partitioner: { lines: 5000 } },
    });
  });

  test('never shows a password', async () => {
    const params = { ...SOURCE.params, username: 'ada', password: 'open-sesame' };
    const { text } = await send(platform, 'POST', JOBS, {
      app: 'plain',
      dataSource: { ...SOURCE, params },
    });
    expect(text).not.toContain('open-sesame');
    expect(text).toContain('"username":"ada"');
  });

  test('of an own id is updated while a draft', async () => {
    await draft({ jobId: 'mine', params: { app: { a: 1 } } });
    await draft({ jobId: 'mine', name: 'Second', params: { app: { b: 2 } } });
    const { body } = await send(platform, 'GET', `${JOBS}/mine`);
    expect(body.job).toMatchObject({ id: 'mine', name: 'Second' });
    expect(body.job.params.app).toEqual({ b: 2 });
    await platform.call('POST', `${JOBS}/mine/run`);
    const again = { app: 'plain', jobId: 'mine' };
    expect(await refusal(platform, 'POST', JOBS, again)).toBe('400/9 job has already been started');
  });
});

describe('a priority', () => {
  const priorityOf = async (id: string) =>
    (await send(platform, 'GET', `${JOBS}/${id}`)).body.job.priority.replace(/^.*_/, '');

  test('comes from the request, else its config, else the template', async () => {
    const template = { id: 'quick', app: 'plain', config: { priority: 'FAST' } };
    await platform.call('POST', '/v1/dev/templates', template);
    const { body } = await send(platform, 'GET', '/v1/dev/templates/quick');
    expect(body.priority).toBe('EXECUTION_PRIORITY_FAST');
    expect(await priorityOf(await draft({ priority: 'EXECUTION_PRIORITY_CHEAP' }))).toBe('CHEAP');
    expect(await priorityOf(await draft({ priority: 1 }))).toBe('CHEAP');
    expect(await priorityOf(await draft({ config: { priority: 'FAST' } }))).toBe('FAST');
    expect(await priorityOf(await draft({ templateId: 'quick' }))).toBe('FAST');
    const both = { templateId: 'quick', priority: 'BALANCED', config: { priority: 'CHEAP' } };
    expect(await priorityOf(await draft(both))).toBe('BALANCED');
    expect(await refusal(platform, 'POST', JOBS, { app: 'plain', priority: 'SOON' })).toMatch(
      /^400\/3 priority /,
    );
  });

  test('changes while the job runs, in lists too, and not after its end', async () => {
    const id = await draft();
    const change = (config: object) => refusal(platform, 'PATCH', `${JOBS}/${id}/configs`, config);
    await platform.call('PATCH', `${JOBS}/${id}/configs`, { priority: 'CHEAP', taskTimeout: 5 });
    expect(await priorityOf(id)).toBe('CHEAP');
    await platform.call('POST', `${JOBS}/${id}/run`, { priority: 'BALANCED' });
    expect(await priorityOf(id)).toBe('BALANCED');
    await platform.call('PATCH', `${JOBS}/${id}/configs`, { priority: 'FAST' });
    const filters = [
      { field: 'priority', value: 'EXECUTION_PRIORITY_FAST' },
      { field: 'id', value: id },
    ];
    const { body } = await send(platform, 'POST', `${JOBS}/filter`, { filters });
    expect(body.data.map((job: { id: string }) => job.id)).toEqual([id]);
    const more = { priority: 'CHEAP', taskTimeout: 9 };
    expect(await change(more)).toBe('400/9 job has already been started');
    await platform.call('POST', `${JOBS}/${id}/abort`);
    expect(await change({ priority: 'CHEAP' })).toBe('400/9 job has already ended');
    expect(await priorityOf(id)).toBe('FAST');
  });
});

describe('what is not built is refused, never ignored', () => {
  test.each([
    { dataSource: { dataSourceDescriptor: 'aws', params: { bucketName: 'b' } } },
    { dataDestination: { dataSourceDescriptor: 'gcp', params: { bucketName: 'b' } } },
  ])('%j', async (extra) => {
    const body = { app: 'plain', jobId: 'unbuilt', ...extra };
    expect(await refusal(platform, 'POST', JOBS, body)).toMatch(/^501\/12 /);
    expect(await refusal(platform, 'GET', `${JOBS}/unbuilt`)).toBe('404/5 job not found');
  });
});

test.each([3, '3', '2%', '0.5%', ''])(
  'toleratedFailures %j is text in every reply',
  async (value) => {
    const id = await draft({ config: { tolerated_failures: value } });
    const { body } = await send(platform, 'GET', `${JOBS}/${id}`);
    expect(body.job.config.toleratedFailures).toBe(String(value));
  },
);

test('outcomes are text in every reply; one that is none is refused', async () => {
  const id = await draft({ config: { retry_on: [75, '2', 'TIMEOUT'], failOn: [137] } });
  const { body } = await send(platform, 'GET', `${JOBS}/${id}`);
  const lists = { retryOn: ['75', '2', 'TIMEOUT'], failOn: ['137'] };
  expect(body.job.config).toMatchObject(lists);
  const wrong = { app: 'plain', config: { failOn: ['LATE'] } };
  expect(await refusal(platform, 'POST', JOBS, wrong)).toMatch(
    /^400\/3 config.failOn must hold exit codes/,
  );
});

test.each([-1, 1.5, '101%', 'some'])(
  'toleratedFailures %j is refused everywhere',
  async (value) => {
    const config = { config: { toleratedFailures: value } };
    const id = await draft();
    const template = { id: 'lenient', app: 'plain', ...config };
    for (const [method, path, body] of [
      ['POST', JOBS, { app: 'plain', ...config }],
      ['PATCH', `${JOBS}/${id}/configs`, config],
      ['POST', `${JOBS}/${id}/run`, config],
      ['POST', '/v1/dev/templates', template],
    ] as const) {
      expect(await refusal(platform, method, path, body)).toMatch(
        /^400\/3 config.toleratedFailures must be a number of chunks/,
      );
    }
  },
);

describe('editing a draft', () => {
  test('datasource sets each source present', async () => {
    const id = await draft({ dataDestination: { dataSourceDescriptor: 'bypass' } });
    const { body } = await send(platform, 'PATCH', `${JOBS}/${id}/datasource`, {
      data_source: SOURCE,
    });
    expect(body.job).toMatchObject({
      dataSource: { dataSourceDescriptor: 'url' },
      dataDestination: { dataSourceDescriptor: 'bypass' },
    });
  });

  test('params replaces what was submitted, and keeps the template’s below', async () => {
    const id = await createJob(platform, {
      templateId: 'counted',
      params: { app: { minLength: 9, own: 1 } },
    });
    const { body } = await send(platform, 'PATCH', `${JOBS}/${id}/params`, { app: { other: 2 } });
    expect(body.job.params.app).toEqual({ minLength: 1, keep: true, other: 2 });
    expect(body.job.params.partitioner).toEqual({ lines: 5000 });
  });

  test('jobname takes a bare string and an object, in any state', async () => {
    const id = await draft();
    const path = `${JOBS}/${id}/jobname`;
    expect((await send(platform, 'PATCH', path, '"Bare \\"name\\""')).body.job.name).toBe(
      'Bare "name"',
    );
    await platform.call('POST', `${JOBS}/${id}/run`);
    expect((await send(platform, 'PATCH', path, { name: 'Later' })).body.job.name).toBe('Later');
    expect(await refusal(platform, 'PATCH', path, '5')).toMatch(/^400\/3 /);
  });

  test('configs takes a config, flat or inside config, field by field', async () => {
    const id = await draft({ config: { taskTimeout: 5 } });
    await send(platform, 'PATCH', `${JOBS}/${id}/configs`, { jobTimeout: '60' });
    const { body } = await send(platform, 'PATCH', `${JOBS}/${id}/configs`, {
      config: { max_task_retries: '1' },
    });
    expect(body.job.config).toMatchObject({ taskTimeout: 5, jobTimeout: 60, maxTaskRetries: 1 });
  });

  test('is refused once the job has started', async () => {
    const id = await draft();
    await platform.call('POST', `${JOBS}/${id}/run`);
    for (const [call, body] of [
      ['datasource', { dataSource: SOURCE }],
      ['params', { app: {} }],
      ['configs', { taskTimeout: 1 }],
    ] as const) {
      const answer = await refusal(platform, 'PATCH', `${JOBS}/${id}/${call}`, body);
      expect(answer).toBe('400/9 job has already been started');
    }
  });

  test('checks params against the schema at once, naming each field', async () => {
    const wrong = { app: { size: 'big', deep: {} } };
    const created = await send(platform, 'POST', JOBS, { app: 'strict', params: wrong });
    expect(created).toMatchObject({ status: 400, body: { code: 3 } });
    expect(fieldsOf(created).toSorted()).toEqual(['params.app.deep.x', 'params.app.size']);
    const id = await createJob(platform, { app: 'strict' });
    const patched = await send(platform, 'PATCH', `${JOBS}/${id}/params`, wrong);
    expect(fieldsOf(patched)).toHaveLength(2);
    expect((await send(platform, 'GET', `${JOBS}/${id}`)).body.job.params.app).toEqual({});
  });
});
