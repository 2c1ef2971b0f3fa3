/** A job from end to end with the types of openapi-typescript and the client of openapi-fetch. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import createClient from 'openapi-fetch';
import type { paths as AuthPaths } from './generated/auth.js';
import type { components, paths as CustomerPaths } from './generated/customer.js';
import type { paths as DevPaths } from './generated/dev.js';
import type { paths as WalletPaths } from './generated/wallet.js';

const {
  BYTENITE_URL: baseUrl = '',
  BYTENITE_API_KEY: apiKey = '',
  PACKAGE: data = '',
} = process.env;

type Job = components['schemas']['Job'];

/** What a call gave, or the message of its error. */
function given<T>({ data, error }: { data?: T; error?: { message: string } }): T {
  if (data === undefined) throw new Error(error?.message ?? 'no reply');
  return data;
}

const { token, expiresIn } = given(
  await createClient<AuthPaths>({ baseUrl }).POST('/v1/auth/access_token', { body: { apiKey } }),
);
assert.equal(expiresIn, '3600');
const headers = { Authorization: token };
const dev = createClient<DevPaths>({ baseUrl, headers });
const jobs = createClient<CustomerPaths>({ baseUrl, headers });
const wallet = createClient<WalletPaths>({ baseUrl, headers });

const { version } = given(await wallet.GET('/v1/wallet/info'));
assert.equal(version.major, 0);

const app = given(await dev.POST('/v1/dev/apps', { body: { data } }));
const revision: string = app.revision;
assert.match(revision, /^\d+$/);
const tag = { params: { path: { tag: `${app.name}@${app.version}` } } };
given(await dev.POST('/v1/dev/apps/{tag}/activate', tag));

const created = given(
  await jobs.POST('/v1/computing/jobs', {
    body: {
      app: app.name,
      dataSource: { dataSourceDescriptor: 'file' },
      params: { app: { suffix: '!' } },
      config: { taskTimeout: 60, isTestJob: true },
    },
  }),
);
const path = { jobId: created.job.id };
const upload = await fetch(created.job.dataSource?.params?.['tempUrl'] ?? '', {
  method: 'PUT',
  body: 'hello',
});
assert.ok(upload.ok);
given(
  await jobs.PATCH('/v1/computing/jobs/{jobId}/uploadcompleted', { params: { path }, body: {} }),
);
given(
  await jobs.PATCH('/v1/computing/jobs/{jobId}/jobname', { params: { path }, body: 'Generated' }),
);
given(
  await jobs.POST('/v1/computing/jobs/{jobId}/run', {
    params: { path },
    body: { config: { maxTaskRetries: 1 } },
  }),
);

async function ended(): Promise<Job> {
  for (let tries = 0; tries < 600; tries += 1) {
    const { job } = given(await jobs.GET('/v1/computing/jobs/{jobId}', { params: { path } }));
    if (job.state === 'JOB_STATE_COMPLETE' || job.state === 'JOB_STATE_FAILED') return job;
    await wait(100);
  }
  throw new Error('the job did not end');
}
const job = await ended();
assert.equal(job.state, 'JOB_STATE_COMPLETE', job.errorMessage);
assert.equal(job.name, 'Generated');
assert.equal(job.config.maxTaskRetries, 1);

const tasks = given(
  await jobs.GET('/v1/computing/jobs/{jobId}/tasks', {
    params: { path, query: { limit: 10, state: ['TASK_STATE_COMPLETED', 'TASK_STATE_FAILED'] } },
  }),
);
assert.deepEqual(
  tasks.data.map(({ state }) => state),
  ['TASK_STATE_COMPLETED'],
);
const logs = given(await jobs.POST('/v1/computing/logs', { body: { jobId: job.id } }));
assert.ok(
  Object.values(logs.taskrunner).some((task) => task?.logs.some(({ log }) => log === 'ready')),
);

const missing = await jobs.GET('/v1/computing/jobs/{jobId}', {
  params: { path: { jobId: 'none' } },
});
assert.equal(missing.error?.code, 5);
assert.equal(missing.error.error.code, 404);

const { results } = given(
  await jobs.GET('/v1/computing/jobs/{jobId}/results', { params: { path } }),
);
const files: Record<string, string> = {};
for (const { name, link } of results) files[name] = await (await fetch(link)).text();
console.log(JSON.stringify(files));
