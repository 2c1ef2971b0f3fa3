import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeQuery, decodeText, wireTraits } from './decode.ts';
import { RawJson } from './raw-json.ts';
import { UpdateUserInput } from './shapes/account.ts';
import { EnginesQuery } from './shapes/component.ts';
import { ConfigBody, CreateJobInput, JobNameInput, LogsInput } from './shapes/job.ts';
import { TasksQuery } from './shapes/task.ts';

function decoded(schema: z.ZodType, body: unknown): unknown {
  const result = decodeText(schema, typeof body === 'string' ? body : JSON.stringify(body));
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

function refusal(schema: z.ZodType, body: unknown) {
  const result = decodeText(schema, typeof body === 'string' ? body : JSON.stringify(body));
  if (result.ok) throw new Error(`accepted: ${JSON.stringify(result.value)}`);
  return result;
}

it('half a character in a text is replaced, a whole one stays', () => {
  expect(decoded(CreateJobInput, { name: 'a\uD83Db\u{1F600}' })).toEqual({
    name: 'a\uFFFDb\u{1F600}',
  });
});

describe('keys', () => {
  it('are camelCase or snake_case, at every level', () => {
    const source = { data_source_descriptor: 'aws', params: { bucket_name: 'b', secretId: 's' } };
    expect(decoded(CreateJobInput, { template_id: 't', data_source: source })).toEqual({
      templateId: 't',
      dataSource: { dataSourceDescriptor: 'aws', params: { bucketName: 'b', secretId: 's' } },
    });
  });

  it('are taken from camelCase when both are there', () => {
    expect(decoded(CreateJobInput, { template_id: 'a', templateId: 'b' })).toEqual({
      templateId: 'b',
    });
    expect(decoded(CreateJobInput, { template_id: 'a', templateId: null })).toEqual({
      templateId: 'a',
    });
  });

  it('that nobody knows are ignored, whatever they are called', () => {
    const body = '{"templateId":"t","__proto__":{"run":true},"constructor":1,"x":[{}]}';
    expect(decoded(CreateJobInput, body)).toEqual({ templateId: 't' });
  });

  it('have the spellings that a schema lists', () => {
    const schema = z
      .object({ jobsIds: z.array(z.string()) })
      .register(wireTraits, { spellings: { jobsIds: ['jobIds'] } });
    for (const key of ['jobsIds', 'jobs_ids', 'jobIds', 'job_ids']) {
      expect(decoded(schema, { [key]: ['a'] })).toEqual({ jobsIds: ['a'] });
    }
  });
});

describe('values', () => {
  it.each([
    [
      { taskTimeout: '600', jobTimeout: 7.5 },
      { taskTimeout: 600, jobTimeout: 7.5 },
    ],
    [{ maxTaskRetries: ' 3 ' }, { maxTaskRetries: 3 }],
    [{ isTestJob: 'true' }, { isTestJob: true }],
    [{ isTestJob: 'False' }, { isTestJob: false }],
    [{ isTestJob: null, taskTimeout: null }, {}],
    [{ priority: 'EXECUTION_PRIORITY_FAST' }, { priority: 'FAST' }],
    [{ priority: 'fast' }, { priority: 'FAST' }],
    [{ priority: 2 }, { priority: 'BALANCED' }],
    [{ priority: '0' }, { priority: 'UNDEFINED' }],
    [{ retryOn: [1, '2', 'TIMEOUT'] }, { retryOn: [1, '2', 'TIMEOUT'] }],
  ])('%j is read as %j', (body, value) => {
    expect(decoded(ConfigBody, body)).toEqual(value);
  });

  it.each(['', '  \n', '{}', 'null'])('a body %j is an empty one', (body) => {
    expect(decoded(ConfigBody, body)).toEqual({});
  });

  it('may be wrapped, or bare, where a schema says so', () => {
    expect(decoded(ConfigBody, { config: { task_timeout: '5' } })).toEqual({ taskTimeout: 5 });
    expect(decoded(JobNameInput, '"New name"')).toEqual({ name: 'New name' });
    expect(decoded(JobNameInput, { name: 'New name' })).toEqual({ name: 'New name' });
  });
});

describe('user data', () => {
  it('is kept byte for byte', () => {
    const own = '{ "b_c" : 1.0, "big":12345678901234567890,"2":0,"1":0, "__proto__": {"x": null} }';
    const value = decoded(CreateJobInput, `{"templateId":"t","params":{"app":${own}}}`);
    expect(value).toEqual({ templateId: 't', params: { app: new RawJson(own) } });
  });

  it('is the last of equal keys, as in the value that was parsed', () => {
    const body = '{"templateId":"t","params":{"app":{"a":1}},"params":{"\\u0061pp":{"a":2}}}';
    expect(decoded(CreateJobInput, body)).toMatchObject({ params: { app: { text: '{"a":2}' } } });
  });

  it('is found inside lists', () => {
    const body =
      '{"onboarding_info":[{"step":"1","answer":{"x":"]\\"}"}},{"step":"2","answer":{}}]}';
    expect(decoded(UpdateUserInput, body)).toMatchObject({
      onboardingInfo: [{ answer: { text: '{"x":"]\\"}"}' } }, { answer: { text: '{}' } }],
    });
  });

  it('must be an object', () => {
    expect(refusal(CreateJobInput, { params: { app: [1] } })).toMatchObject({
      message: 'params.app must be an object',
    });
  });

  it('is kept whole, however much it is', () => {
    const app = JSON.stringify({ list: Array.from({ length: 500_000 }, (_, i) => i) });
    const body = `{"templateId":"t","params":{"app":${app}}}`;
    expect(decoded(CreateJobInput, body)).toMatchObject({ params: { app: { text: app } } });
  });
});

describe('refusals', () => {
  it.each([
    [{ run: 'maybe' }, 'run must be true or false'],
    [{ name: 5 }, 'name must be text'],
    [{ config: { maxTaskRetries: 1.5 } }, 'config.maxTaskRetries must be a whole number'],
    [{ config: { maxTaskRetries: 'x' } }, 'config.maxTaskRetries must be a number'],
    [{ config: { maxTaskRetries: 1e20 } }, 'config.maxTaskRetries must be at most 100'],
    [{ config: { maxTaskRetries: -1 } }, 'config.maxTaskRetries must be at least 0'],
    [{ dataSource: {} }, 'dataSource.dataSourceDescriptor is required'],
    [[], 'body must be an object'],
    ['5', 'body must be an object'],
    [{ name: 'a\0b' }, 'name must not contain NUL'],
  ])('of %j say which field and why', (body, message) => {
    expect(refusal(CreateJobInput, body).message).toBe(message);
  });

  it('name every field at once', () => {
    const { violations } = refusal(CreateJobInput, {
      name: 1,
      run: 'x',
      config: { taskTimeout: {} },
    });
    expect(violations.map(({ field }) => field)).toEqual(['name', 'config.taskTimeout', 'run']);
  });

  it('of a list too long name the list, not its entries', () => {
    const list = (length: number) => ({ jobId: 'j', taskIds: Array.from({ length }, () => 1) });
    expect(refusal(LogsInput, list(100_000))).toEqual({
      ok: false,
      message: 'taskIds must have at most 10000 entries',
      violations: [{ field: 'taskIds', description: 'must have at most 10000 entries' }],
    });
    expect(refusal(LogsInput, { jobId: 'j', taskIds: 'a,'.repeat(10_001) }).message).toMatch(
      /^taskIds must/,
    );
  });

  it('of the longest list name each entry once, in order', () => {
    const length = 10_000;
    const { violations } = refusal(LogsInput, {
      jobId: 'j',
      taskIds: Array.from({ length }, () => 1),
    });
    const fields = Array.from({ length }, (_, i) => `taskIds.${i}`);
    expect(violations.map(({ field }) => field)).toEqual(fields);
  });

  it.each(['{', '{"a":1,}', "{'a':1}", '{"a":1}//', 'name'])('cover broken JSON: %s', (body) => {
    expect(refusal(CreateJobInput, body).message).toMatch(/^body is not valid JSON/);
  });

  it('cover nesting without end', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = `{"templateId":"t","params":{"app":{"x":${deep}}}}`;
    expect(refusal(CreateJobInput, body).message).toBe('body is nested too deeply');
  });
});

describe('decodeQuery', () => {
  const query = (text: string) => decodeQuery(TasksQuery, new URLSearchParams(text));

  it.each([
    ['limit=5&offset=2', { limit: 5, offset: 2 }],
    ['pagination.limit=5&pagination[offset]=2', { limit: 5, offset: 2 }],
    ['pagination%5Blimit%5D=5&order_by=-x', { limit: 5, orderBy: '-x' }],
    ['limit=&orderBy=', {}],
    ['limit=1&limit=2', { limit: 2 }],
    ['state=RUNNING,TASK_STATE_FAILED', { state: ['RUNNING', 'FAILED'] }],
    ['state=RUNNING&state=failed', { state: ['RUNNING', 'FAILED'] }],
    ['unknown=1', {}],
  ])('reads %s', (text, value) => {
    expect(query(text)).toEqual({ ok: true, value });
  });

  it('reads booleans and enums', () => {
    const text = 'isPublic=true&type=assembler';
    expect(decodeQuery(EnginesQuery, new URLSearchParams(text))).toEqual({
      ok: true,
      value: { isPublic: true, type: 'assembler' },
    });
  });

  it('refuses what is no number', () => {
    expect(query('limit=many')).toMatchObject({ ok: false, message: 'limit must be a number' });
    expect(query('state=NEVER')).toMatchObject({ ok: false });
  });
});
