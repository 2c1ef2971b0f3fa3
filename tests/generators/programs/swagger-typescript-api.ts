/** A job from end to end with the classes that swagger-typescript-api writes. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { Api as Auth } from './generated/auth.js';
import { Api as Customer, type Job, type RpcStatus } from './generated/customer.js';
import { Api as Dev } from './generated/dev.js';
import { Api as Wallet } from './generated/wallet.js';

const {
  BYTENITE_URL: baseUrl = '',
  BYTENITE_API_KEY: apiKey = '',
  PACKAGE: data = '',
} = process.env;

const { token, expiresIn } = (await new Auth({ baseUrl }).v1.authAccessToken({ apiKey })).data;
assert.equal(expiresIn, '3600');
const config = {
  baseUrl,
  securityWorker: (key: string | null) => ({ headers: { Authorization: `Bearer ${key}` } }),
};
const dev = new Dev<string>(config);
const jobs = new Customer<string>(config);
for (const client of [dev, jobs]) client.setSecurityData(token);

const { version } = (await new Wallet({ baseUrl }).v1.walletInfo()).data;
assert.equal(version.major, 0);

const app = (await dev.v1.developerPushApp({ data })).data;
const revision: string = app.revision;
assert.match(revision, /^\d+$/);
await dev.v1.developerActivateApp(app.name);

const { job: draft } = (
  await jobs.v1.customerCreateJob({
    app: app.name,
    dataSource: { dataSourceDescriptor: 'file' },
    params: { app: { suffix: '!' } },
    config: { taskTimeout: 60, isTestJob: true },
  })
).data;
const upload = await fetch(draft.dataSource?.params?.['tempUrl'] ?? '', {
  method: 'PUT',
  body: 'hello',
});
assert.ok(upload.ok);
await jobs.v1.customerUploadCompleted(draft.id, {});
await jobs.v1.customerRenameJob(draft.id, 'Generated');
await jobs.v1.customerRunJob(draft.id, { maxTaskRetries: 1 });

async function ended(): Promise<Job> {
  for (let tries = 0; tries < 600; tries += 1) {
    const { job } = (await jobs.v1.customerGetJob(draft.id)).data;
    if (job.state === 'JOB_STATE_COMPLETE' || job.state === 'JOB_STATE_FAILED') return job;
    await wait(100);
  }
  throw new Error('the job did not end');
}
const job = await ended();
assert.equal(job.state, 'JOB_STATE_COMPLETE', job.errorMessage);
assert.equal(job.name, 'Generated');
assert.equal(job.config.maxTaskRetries, 1);

const tasks = (
  await jobs.v1.customerListTasks(job.id, {
    limit: 10,
    state: ['TASK_STATE_COMPLETED', 'TASK_STATE_FAILED'],
  })
).data;
assert.deepEqual(
  tasks.data.map(({ state }) => state),
  ['TASK_STATE_COMPLETED'],
);
const logs = (await jobs.v1.customerLogs({ jobId: job.id })).data;
assert.ok(
  Object.values(logs.taskrunner).some((task) => task?.logs.some(({ log }) => log === 'ready')),
);

const missing: RpcStatus = await jobs.v1.customerGetJob('none').then(
  () => assert.fail('a job that is not there'),
  (reply: { error: RpcStatus }) => reply.error,
);
assert.equal(missing.code, 5);
assert.equal(missing.error.code, 404);

const { results } = (await jobs.v1.customerGetResults(job.id)).data;
const files: Record<string, string> = {};
for (const { name, link } of results) files[name] = await (await fetch(link)).text();
console.log(JSON.stringify(files));
