/**
 * What clients get wrong: each call is refused with the status, code and message that say so, and leaves
 * nothing behind. Archives and manifests are in tests/api/components.test.ts, wire rules in tests/wire.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createJob, fieldsOf, JOBS, refusal, runJob, send } from '../api/caller.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, waitForJob, type Platform } from '../support/platform.ts';

const DEV = '/v1/dev';
const FILE = { dataSourceDescriptor: 'file' };
const MIB = 1024 * 1024;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
  const schema = { type: 'object', properties: { size: { type: 'number' } }, required: ['size'] };
  await pushComponent(platform, { name: 'good', type: 'app', main: 'pass' });
  await pushComponent(platform, { name: 'strict', type: 'app', main: 'pass', schema });
  await pushComponent(platform, { name: 'asleep', type: 'app', main: 'pass' });
  await platform.call('POST', `${DEV}/apps/asleep/deactivate`);
});

afterAll(() => platform.close());

const run = (id: string, body?: unknown) => refusal(platform, 'POST', `${JOBS}/${id}/run`, body);

/** Everything that the account has. */
async function inventory(): Promise<unknown> {
  const paths = [JOBS, `${DEV}/apps`, `${DEV}/engines`, `${DEV}/templates`];
  return Promise.all(paths.map(async (path) => (await send(platform, 'GET', path)).body));
}

describe('a body that is refused leaves nothing behind:', () => {
  test.each<[string, unknown, RegExp]>([
    ['cut off', '{"app":"good"', /^400\/3 body is not valid JSON: /],
    ['with a comma too many', '{"app":"good",}', /^400\/3 body is not valid JSON: /],
    ['with single quotes', "{'app':'good'}", /^400\/3 body is not valid JSON: /],
    ['a word', 'good', /^400\/3 body is not valid JSON: /],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1'), /^400\/3 /],
    ['a list', [], /^400\/3 body must be an object$/],
    ['a number', '5', /^400\/3 body must be an object$/],
    ['empty', '', /^400\/3 templateId or app is required$/],
    ['null', 'null', /^400\/3 templateId or app is required$/],
    ['with NUL', { app: 'good', name: 'a\0b' }, /^400\/3 name must not contain NUL$/],
    ['nested without end', nested(100_000), /^400\/3 body is nested too deeply$/],
    ['with params of the wrong kind', { app: 'good', params: { app: [] } }, /^400\/3 params\.app /],
    [
      'with params too large for a variable',
      { app: 'good', params: { app: { text: 'x'.repeat(121 * 1024) } } },
      /^400\/3 params\.app /,
    ],
    ['over the limit', { app: 'good', description: 'x'.repeat(11 * MIB) }, /^400\/3 .*10485760/],
    ['of an unknown template', { templateId: 'no-such' }, /^404\/5 template not found$/],
    ['with an id that is none', { app: 'good', jobId: 'a/b' }, /^400\/3 jobId /],
    [
      'with a reserved id',
      { app: 'good', jobId: 'last' },
      /^400\/3 jobId last is a reserved word$/,
    ],
    [
      'with an unknown source',
      { app: 'good', dataSource: { dataSourceDescriptor: 'ftp' } },
      /^400\/3 dataSource/,
    ],
    [
      'with a source that only takes',
      { app: 'good', dataSource: { dataSourceDescriptor: 'bucket' } },
      /^400\/3 bucket cannot be used as a data source$/,
    ],
    [
      'with a URL that is none',
      { app: 'good', dataSource: url('not a url') },
      /^400\/3 dataSource\.params\.url must be an http or https URL$/,
    ],
    [
      'with a URL of a file',
      { app: 'good', dataSource: url('file:///etc/passwd') },
      /^400\/3 dataSource\.params\.url must be an http or https URL$/,
    ],
    [
      'with a number out of bounds',
      { app: 'good', config: { maxTaskRetries: 101 } },
      /^400\/3 config\.maxTaskRetries must be at most 100$/,
    ],
    [
      'with a number beyond numbers',
      { app: 'good', config: { maxTaskRetries: 1e20 } },
      /^400\/3 config\.maxTaskRetries must be at most 100$/,
    ],
  ])('%s', async (_, body, expected) => {
    const before = await inventory();
    expect(await refusal(platform, 'POST', JOBS, body)).toMatch(expected);
    expect(await inventory()).toEqual(before);
  });

  test('broken, to every call that takes one', async () => {
    const id = await createJob(platform, { app: 'good' });
    const before = await inventory();
    for (const [method, path] of [
      ['PATCH', `${JOBS}/${id}/params`],
      ['PATCH', `${JOBS}/${id}/datasource`],
      ['PATCH', `${JOBS}/${id}/configs`],
      ['POST', `${JOBS}/${id}/run`],
      ['POST', `${JOBS}/${id}/abort`],
      ['POST', `${DEV}/apps`],
      ['POST', `${DEV}/engines`],
      ['POST', `${DEV}/templates`],
      ['POST', '/v1/customer/logs'],
    ] as const) {
      const reply = await refusal(platform, method, path, '{"app":');
      expect({ path, reply }).toEqual({
        path,
        reply: expect.stringMatching(/^400\/3 .*not valid JSON/),
      });
    }
    expect(await inventory()).toEqual(before);
  });

  test('with every wrong field named at once', async () => {
    const reply = await send(platform, 'POST', JOBS, {
      app: 'good',
      name: 5,
      config: { taskTimeout: 'soon', maxTaskRetries: -1 },
      dataSource: {},
    });
    expect(reply).toMatchObject({ status: 400, body: { code: 3 } });
    expect(fieldsOf(reply).toSorted()).toEqual([
      'config.maxTaskRetries',
      'config.taskTimeout',
      'dataSource.dataSourceDescriptor',
      'name',
    ]);
  });
});

function url(text: string): object {
  return { dataSourceDescriptor: 'url', params: { url: text } };
}

function nested(depth: number): string {
  return `{"app":"good","params":{"app":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}}`;
}

describe('keys that mean something to JavaScript', () => {
  const body = '{"__proto__":{"app":"good"},"constructor":{"prototype":{"app":"good"}},"name":"x"}';

  test('are unknown fields to the API', async () => {
    expect(await refusal(platform, 'POST', JOBS, body)).toBe('400/3 templateId or app is required');
    const created = await send(platform, 'POST', JOBS, `${body.slice(0, -1)},"app":"good"}`);
    expect(created.body).toMatchObject({ job: { name: 'x', appId: 'good' } });
    expect(await send(platform, 'GET', `${JOBS}?limit=1`)).toMatchObject({ status: 200 });
  });

  test('are data in params, kept as they were written', async () => {
    const app = '{"__proto__":{"admin":true},"constructor":1,"toString":null,"a":1.0}';
    const { text } = await send(platform, 'POST', JOBS, `{"app":"good","params":{"app":${app}}}`);
    expect(text).toContain(`"app":${app}`);
  });

  test('name no job, app, template or field', async () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(await refusal(platform, 'GET', `${JOBS}/${key}`)).toBe('404/5 job not found');
      expect(await refusal(platform, 'GET', `${DEV}/apps/${key}`)).toBe('404/5 app not found');
      expect(await refusal(platform, 'GET', `${DEV}/templates/${key}`)).toBe(
        '404/5 template not found',
      );
      expect(await refusal(platform, 'GET', `${JOBS}?orderBy=${key}`)).toMatch(/^400\/3 /);
      const filters = [{ field: key, value: 'x' }];
      expect(await refusal(platform, 'POST', `${JOBS}/filter`, { filters })).toMatch(/^400\/3 /);
    }
  });
});

describe('a run that is refused leaves the draft as it was:', () => {
  test.each<[string, object, RegExp]>([
    ['unknown app', { app: 'no-such' }, /^400\/9 no active app matches no-such$/],
    ['unknown version', { app: 'good@7' }, /^400\/9 no active app matches good@7$/],
    ['a tag that is none', { app: 'good@x' }, /^400\/9 no active app matches good@x$/],
    ['inactive app', { app: 'asleep' }, /^400\/9 no active app matches asleep$/],
    [
      'unknown partitioner',
      { app: 'good', partitioner: 'p' },
      /^400\/9 no active partitioner matches p$/,
    ],
    ['missing upload', { app: 'good', dataSource: FILE }, /^400\/9 upload has not been completed$/],
  ])('%s', async (_, body, expected) => {
    const id = await createJob(platform, body);
    const job = async () => {
      const { text } = await send(platform, 'GET', `${JOBS}/${id}`);
      return text.replaceAll(/\?sig=[^"]+/g, ''); // each link is signed anew
    };
    const before = await job();
    expect(await run(id, { taskTimeout: 77 })).toMatch(expected);
    expect(await job()).toBe(before);
    const tasks = await send(platform, 'GET', `${JOBS}/${id}/tasks`);
    expect(tasks.body).toMatchObject({ data: [] });
  });

  test('params that the schema refuses, by every way in', async () => {
    const params = { app: { size: 'large' } };
    const created = await send(platform, 'POST', JOBS, { app: 'strict', params });
    expect(created).toMatchObject({ status: 400, body: { code: 3 } });
    expect(fieldsOf(created)).toEqual(['params.app.size']);
    const id = await createJob(platform, { app: 'strict' });
    expect(await refusal(platform, 'PATCH', `${JOBS}/${id}/params`, params)).toMatch(/^400\/3 /);
    expect(await run(id)).toMatch(/^400\/3 .*params\.app\.size/);
    expect(await send(platform, 'GET', `${JOBS}/${id}`)).toMatchObject({
      body: { job: { state: 'JOB_STATE_NEW', params: { app: {} } } },
    });
  });

  test('a source that is missing is said when the job runs, or is not needed', async () => {
    // Without a source the job gets the dummy file of `bypass`; a source that is gone fails it with its reason.
    const none = await createJob(platform, { app: 'good' });
    await runJob(platform, none);
    expect(await waitForJob(platform, none)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    const gone = await createJob(platform, {
      app: 'good',
      dataSource: url(`${platform.url}/v1/no-such-file`),
    });
    await runJob(platform, gone);
    expect(await waitForJob(platform, gone)).toMatchObject({
      state: 'JOB_STATE_FAILED',
      failureReason: 'DATA_SOURCE',
      errorMessage: expect.stringMatching(/answered 404 \(check the address\)/),
    });
  });
});

describe('a job that has been started', () => {
  test('is not started again, nor edited, by whoever tries at the same instant', async () => {
    const id = await createJob(platform, { app: 'good' });
    const replies = await Promise.all(Array.from({ length: 8 }, () => run(id)));
    expect(replies.filter((reply) => reply === '200')).toHaveLength(1);
    const others = replies.filter((reply) => reply !== '200');
    expect(new Set(others)).toEqual(new Set(['400/9 job has already been started']));
    expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    expect(await run(id)).toBe('400/9 job has already been started');
    const again = { app: 'good', jobId: id };
    expect(await refusal(platform, 'POST', JOBS, again)).toBe('400/9 job has already been started');
    const params = { app: { a: 1 } };
    expect(await refusal(platform, 'PATCH', `${JOBS}/${id}/params`, params)).toMatch(/^400\/9 /);
    expect(await refusal(platform, 'PATCH', `${JOBS}/${id}/uploadcompleted`)).toMatch(/^400\/9 /);
  });
});

test('a range of a result that lies behind its end is 416, and names the size', async () => {
  const main =
    'import os\nopen(os.environ["TASK_RESULTS_DIR"] + "/ten", "w").write("0123456789")\n';
  await pushComponent(platform, { name: 'ten', type: 'app', main });
  const id = await createJob(platform, { app: 'ten' });
  await runJob(platform, id);
  await waitForJob(platform, id);
  const { body } = await send(platform, 'GET', `${JOBS}/${id}/results`);
  const [{ link }] = (body as { results: [{ link: string }] }).results;
  const ranges = ['bytes=10-', 'bytes=10-20', 'bytes=999-', 'bytes=-0'];
  for (const range of ranges) {
    const [whole, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => fetch(link, { method, headers: { range } })),
    );
    expect([whole?.status, head?.status]).toEqual([416, 416]);
    expect(whole?.headers.get('content-range')).toBe('bytes */10');
    expect(head?.headers.get('content-range')).toBe('bytes */10');
    expect(await whole?.json()).toMatchObject({ code: 11, message: 'the file has 10 bytes' });
  }
});
