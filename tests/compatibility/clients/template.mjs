/** A template client: only templateId, name and params; asks for results every second. */
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

const token = await getToken();
await push('engines', 'tally-split', token);
await push('apps', 'tally', token);
await push('engines', 'tally-join', token);
const template = {
  id: 'tally-template',
  description: 'Counts words',
  app: 'tally@0',
  partitioner: 'tally-split',
  assembler: 'tally-join@0.1',
  dataSource: { dataSourceDescriptor: 'url', params: { url: process.env.SOURCE_URL } },
  dataDestination: { dataSourceDescriptor: 'bucket' },
  params: { partitioner: { lines_per_chunk: 2 }, app: { minLength: 1 }, assembler: {} },
};
checkGeneric(await call('POST', '/dev/templates', { token, body: template }));
const stored = await call('GET', '/dev/templates/tally-template', { token });
assert.equal(
  stored.dataSource.params['@type'],
  'type.googleapis.com/bytenite.data_source.HttpDataSource',
);
assert.deepEqual(stored.params, template.params);

const unknown = await send('POST', '/customer/jobs', {
  token,
  body: { templateId: 'no-such-template' },
});
assert.equal(unknown.status, 404);
assert.equal(unknown.body.message, 'template not found');
checkError(unknown, 5);

const body = {
  templateId: 'tally-template',
  name: 'Template',
  params: { app: { minLength: 3, some_label: 'template' } },
};
const { job, templateInfo } = await call('POST', '/customer/jobs', { token, body });
checkJob(job);
assert.equal(templateInfo.id, 'tally-template');
assert.deepEqual(job.templateInfo, templateInfo);
assert.deepEqual(job.params.partitioner, { lines_per_chunk: 2 });
checkGeneric(await call('POST', `/customer/jobs/${job.id}/run`, { token, body: {} }));

let results;
for (let second = 0; results === undefined && second < 60; second += 1) {
  const reply = await send('GET', `/customer/jobs/${job.id}/results`, { token });
  if (reply.status === 200) results = reply.body.results;
  else {
    assert.ok(reply.status === 400 || reply.status === 404, `results answer ${reply.status}`);
    checkError(reply, reply.status === 400 ? 9 : 5);
    await wait(1000);
  }
}
assert.ok(results !== undefined, 'no results within a minute');
checkJob((await call('GET', `/customer/jobs/${job.id}`, { token })).job);
const files = {};
for (const { name, link } of results) files[name] = JSON.parse(await download(link));
console.log(JSON.stringify({ jobId: job.id, files }));
