/** An integration: Bearer, limit and offset, POST /jobs/run/{id}; a job without input and engines. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import {
  call,
  checkError,
  checkGeneric,
  checkJob,
  download,
  getToken,
  push,
  send,
} from './promises.mjs';

const token = `bearer ${await getToken()}`;
await push('apps', 'stamp', token);

const description = `integration ${process.pid}`;
const ids = [];
for (const name of ['first', 'second', 'third']) {
  const body = {
    app: 'stamp',
    name,
    description,
    dataSource: { dataSourceDescriptor: 'bypass' },
  };
  const { job } = await call('POST', '/customer/jobs', { token, body });
  ids.push(checkJob(job).id);
}

// Newest first, page by page.
const page = await call('GET', '/customer/jobs?limit=2&offset=0', { token });
assert.deepEqual(
  page.data.map(({ name }) => name),
  ['third', 'second'],
);
for (const job of page.data) checkJob(job);
assert.equal(page.pagination.offset, 0);
assert.equal(page.pagination.hasPrevious, false);
assert.equal(page.pagination.hasNext, true);
assert.ok(page.pagination.total >= 3);
for (const query of [
  'limit=1&offset=1',
  'pagination.limit=1&pagination.offset=1',
  'pagination%5Blimit%5D=1&pagination%5Boffset%5D=1',
]) {
  const next = await call('GET', `/customer/jobs?${query}`, { token });
  assert.deepEqual(
    next.data.map(({ name }) => name),
    ['second'],
    query,
  );
  assert.equal(next.pagination.hasPrevious, true);
}
const templates = await call('GET', '/customer/jobs/templates?limit=1', { token });
assert.ok(Array.isArray(templates.data) && typeof templates.pagination.total === 'number');
const filters = [
  {
    field: 'description',
    condition: 'FILTER_CONDITION_EQ',
    value: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: description },
  },
  { field: 'state', condition: 'FILTER_CONDITION_IN', value: ['JOB_STATE_NEW'] },
];
const drafts = await call('POST', '/customer/jobs/filter', {
  token,
  body: { filters, orderBy: 'createdAt', pagination: { limit: 2 } },
});
assert.deepEqual(
  drafts.data.map(({ name }) => name),
  ['first', 'second'],
);

const [jobId, aborted, deleted] = ids;
checkGeneric(await call('POST', `/customer/jobs/run/${jobId}`, { token }));
checkGeneric(await call('POST', `/customer/jobs/abort/${aborted}`, { token }));
checkGeneric(await call('DELETE', `/customer/jobs/${deleted}`, { token }));
for (const gone of [aborted, deleted]) {
  const reply = await send('GET', `/customer/jobs/${gone}`, { token });
  assert.equal(reply.status, 404);
  checkError(reply, 5);
}
const stranger = await send('GET', '/customer/jobs', { token: 'Bearer nobody' });
assert.equal(stranger.status, 401);
checkError(stranger, 16);

let job;
for (let tries = 0; tries < 600; tries += 1) {
  job = checkJob((await call('GET', `/customer/jobs/${jobId}`, { token })).job);
  if (job.endedAt !== null) break;
  await wait(100);
}
assert.equal(job.state, 'JOB_STATE_COMPLETE', job.errorMessage);
const { results } = await call('GET', `/customer/jobs/${jobId}/results`, { token });
const files = {};
for (const { name, link } of results) files[name] = await download(link);
console.log(JSON.stringify({ jobId, files }));
