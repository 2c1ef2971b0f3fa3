/** One request and its reply for every call that is done, from a platform on which a job has run. */
import { ROUTES, type Route } from '@bytenite/contract';
import type { CallExample } from '../../packages/contract/src/openapi-examples.ts';
import { createAccount } from '../support/accounts.ts';
import { pushComponent } from '../support/components.ts';
import { waitForJob, type Platform } from '../support/platform.ts';
import { endpoints, fillPath, type Endpoint } from '../wire/endpoints.ts';
import { prepareSamples, samplesOf, type Sample, type Samples } from '../wire/samples.ts';
import { plainExample } from './plain-example.ts';

const COUNT_WORDS = `
import json, os
text = open(os.path.join(os.environ["TASK_DIR"], "data.bin")).read()
print(f"counted {len(text.splitlines())} lines")
os.makedirs(os.path.join(os.environ["TASK_RESULTS_DIR"], "totals"))
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "totals/words.json"), "w") as f:
    json.dump({"words": len(text.split())}, f)
`;
const SHARED = 'shared-count';

export async function recordExamples(platform: Platform): Promise<Record<string, CallExample>> {
  await prepareSamples(platform);
  const samples = { ...samplesOf(platform), ...(await tellingSamples(platform)) };
  const recorded: Record<string, CallExample> = {};
  for (const endpoint of inOrder()) {
    const make = samples[endpoint.id];
    if (make === undefined) throw new Error(`${endpoint.id} is done and has no sample`);
    recorded[endpoint.id] = plainExample(await record(platform, endpoint, await make()));
  }
  return Object.fromEntries(
    Object.values(ROUTES).flatMap((routes) =>
      Object.keys(routes).flatMap((id) => (recorded[id] ? [[id, recorded[id]] as const] : [])),
    ),
  );
}

/** Each call once; what lists comes first, so that it does not list what other samples made. */
function inOrder(): Endpoint[] {
  const done = endpoints().filter(({ route }: { route: Route }) => route.done);
  const calls = done.filter(({ id }, i) => done.findIndex((other) => other.id === id) === i);
  const lists = ({ id }: Endpoint) => /List|Filter/.test(id);
  return [...calls.filter(lists), ...calls.filter((call) => !lists(call))];
}

async function record(
  platform: Platform,
  { id, method, path, route }: Endpoint,
  { params = {}, query = {}, body, token = platform.apiKey, status = 200 }: Sample,
): Promise<CallExample> {
  const search = new URLSearchParams(query);
  const response = await fetch(`${platform.url}${fillPath(path, params)}?${search.toString()}`, {
    method,
    headers: { authorization: token },
    ...(method === 'GET' || body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const reply = route.reply === 'stream' ? await firstLine(response) : await response.json();
  if (response.status !== status) {
    throw new Error(`${id} answers ${response.status}: ${JSON.stringify(reply)}`);
  }
  return {
    ...(Object.keys(params).length > 0 ? { params } : {}),
    ...(Object.keys(query).length > 0 ? { query } : {}),
    ...(route.body === undefined || body === undefined ? {} : { body }),
    status,
    reply,
  };
}

async function firstLine(response: Response): Promise<unknown> {
  let text = '';
  for await (const part of response.body ?? []) {
    text += new TextDecoder().decode(part);
    const line = text.trimStart();
    if (line.includes('\n')) return JSON.parse(line.slice(0, line.indexOf('\n')));
  }
  throw new Error('the stream ended before its first line');
}

/** For the calls that show what a job did, or what another account published. */
async function tellingSamples(platform: Platform): Promise<Samples> {
  const jobId = await runJob(platform);
  const { data } = await platform.call<{ data: { id: string }[] }>(
    'GET',
    `/v1/customer/jobs/${jobId}/tasks`,
  );
  await publish(await createAccount(platform, 'grace'));
  await platform.call('POST', '/v1/auth/secrets', {
    secret: { id: 'media_store', secretType: 'aws', accessKey: 'access', name: 'Media store' },
    secretKey: 'secret',
  });
  const onJob = () => ({ params: { jobId } });
  const shared = { params: { tag: SHARED }, body: { owner: 'grace' } };
  return {
    Auth_ListUsers: () => ({ query: { limit: '5', offset: '0', userName: 'grace' } }),
    Customer_GetJob: onJob,
    Customer_GetResults: onJob,
    Customer_FilterJobs: () => ({
      body: {
        pagination: { limit: 50, offset: 0 },
        orderBy: '-createdAt',
        filters: [
          { field: 'state', condition: 'FILTER_CONDITION_IN', value: ['JOB_STATE_COMPLETE'] },
          { field: 'templateId', condition: 'FILTER_CONDITION_EQ', value: 'word-count' },
        ],
      },
    }),
    Customer_ListTasks: () => ({
      params: { jobId },
      query: { limit: '50', orderBy: 'chunkNumber', state: 'TASK_STATE_COMPLETED', kind: 'APP' },
    }),
    Customer_GetTask: () => ({ params: { jobId, taskId: data[0]?.id ?? '' } }),
    Customer_Logs: () => ({
      body: { jobId, levels: ['INFO', 'UNKNOWN'], services: ['TASKRUNNER'], limit: 1000 },
    }),
    Customer_Events: () => ({ query: { jobId, events: 'job.updated', lastEventId: '0' } }),
    Developer_ImportApp: () => shared,
    Developer_ImportEngine: () => ({ ...shared, params: { tag: `${SHARED}-engine` } }),
    Developer_ImportTemplate: () => ({ ...shared, params: { id: SHARED } }),
  };
}

async function runJob(platform: Platform): Promise<string> {
  const name = 'word-count';
  await pushComponent(platform, { name, type: 'app', main: COUNT_WORDS });
  await platform.call('POST', '/v1/dev/templates', {
    id: name,
    description: 'Counts words',
    app: name,
    dataDestination: { dataSourceDescriptor: 'bucket' },
    params: { app: { minLength: 1 } },
  });
  const created = await platform.call<{ job: { id: string } }>('POST', '/v1/customer/jobs', {
    templateId: name,
    name: 'July count',
    description: 'Nightly count',
    dataSource: { dataSourceDescriptor: 'bypass' },
    params: { app: { minLength: 3 } },
    config: { taskTimeout: 600 },
  });
  const { id } = created.job;
  await platform.call('POST', `/v1/customer/jobs/${id}/run`);
  const job = await waitForJob(platform, id);
  if (job.state !== 'JOB_STATE_COMPLETE') throw new Error(`the job ended ${job.state}`);
  return id;
}

async function publish(owner: Platform): Promise<void> {
  const engine = `${SHARED}-engine`;
  await pushComponent(owner, { name: SHARED, type: 'app', main: 'pass' });
  await pushComponent(owner, { name: engine, type: 'assembler', main: 'pass' });
  await owner.call('POST', '/v1/dev/templates', { id: SHARED, app: SHARED });
  await owner.call('POST', `/v1/dev/apps/${SHARED}/publish`);
  await owner.call('POST', `/v1/dev/engines/${engine}/publish`);
  await owner.call('POST', `/v1/dev/templates/${SHARED}/publish`);
}
