/** Params are the user's: they reach the task byte for byte (contract 1.2, 4.1). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, JOBS, runJob, send } from './caller.ts';

let platform: Platform;

const PRINT_PARAMS = `import os
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "params.json"), "w") as f:
    f.write(os.environ["APP_PARAMS"])
`;

beforeAll(async () => {
  platform = await startPlatform();
  await pushComponent(platform, { name: 'echo', type: 'app', main: PRINT_PARAMS });
});

afterAll(() => platform.close());

const PARAMS =
  '{"z":1.0,"big":12345678901234567890,"e":1e2,"snake_key":{"camelKey":null},"__proto__":{"a":1},' +
  '"a":"\\u00e9\\/é","list":[true,"5",-0.0],"10":1,"2":2}';

async function paramsOfTask(body: string): Promise<string> {
  const id = await createJob(platform, body);
  await runJob(platform, id);
  expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  const { body: reply } = await send(platform, 'GET', `${JOBS}/${id}/results`);
  return (await fetch((reply as { results: { link: string }[] }).results[0]?.link ?? '')).text();
}

test('through create, get and the task’s environment', async () => {
  const create = `{"app":"echo","params":{"app":${PARAMS}}}`;
  const created = await send(platform, 'POST', JOBS, create);
  expect(created.text).toContain(`"app":${PARAMS}`);
  const id = (created.body as { job: { id: string } }).job.id;
  expect((await send(platform, 'GET', `${JOBS}/${id}`)).text).toContain(`"app":${PARAMS}`);
  expect((await send(platform, 'GET', `${JOBS}?limit=1`)).text).toContain(`"app":${PARAMS}`);
  expect(await paramsOfTask(create)).toBe(PARAMS);
});

test('through PATCH, and through a template', async () => {
  const id = await createJob(platform, { app: 'echo' });
  const patched = await send(platform, 'PATCH', `${JOBS}/${id}/params`, `{"app":${PARAMS}}`);
  expect(patched.text).toContain(`"app":${PARAMS}`);
  const template = `{"id":"echoed","app":"echo","params":{"app":${PARAMS}}}`;
  expect((await send(platform, 'POST', '/v1/dev/templates', template)).status).toBe(200);
  const shown = await send(platform, 'GET', '/v1/dev/templates/echoed');
  expect(shown.text).toContain(`"app":${PARAMS}`);
  expect(await paramsOfTask('{"templateId":"echoed"}')).toBe(PARAMS);
});

test('where a template lies below, only the named keys change', async () => {
  const template = '{"id":"below","app":"echo","params":{"app":{"b":1.0,"a":{"x":1},"c":[1.50]}}}';
  await send(platform, 'POST', '/v1/dev/templates', template);
  const create = '{"templateId":"below","params":{"app":{"a":{"y":2.0},"new_one":3}}}';
  const params = await paramsOfTask(create);
  expect(params).toBe('{"b":1.0,"a":{"y":2.0},"c":[1.50],"new_one":3}');
});

test('without any they are {}, never empty', async () => {
  expect(await paramsOfTask('{"app":"echo"}')).toBe('{}');
  expect(await paramsOfTask('{"app":"echo","params":{"app":null}}')).toBe('{}');
});
