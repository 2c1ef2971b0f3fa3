/** How fast the API answers with many jobs stored. */
import path from 'node:path';
import { multiplyJobs } from './support/many-jobs.ts';
import { pushNullComponents, runNullJob } from './support/null-jobs.ts';
import { readOptions } from './support/options.ts';
import { startMeasured, type Platform } from './support/platform.ts';
import { beginReport, printReport, progress } from './support/report.ts';

const AIM_MS = 50;
const STORED_JOBS = 100_000;
const CALLERS = 8;

const METHOD = [
  `A platform with ${STORED_JOBS.toLocaleString('en')} jobs of one account: drafts, and copies of jobs that ran.`,
  'Each call is made over HTTP by this script, on the cores that the server uses: first one after the',
  `other, which gives p50 and p99, then by ${CALLERS} callers at once, which gives requests a second.`,
];

interface Call {
  name: string;
  method: 'GET' | 'POST';
  path: (i: number) => string;
  body?: (i: number) => object;
}

const JOBS = '/v1/customer/jobs';
const list = (name: string, query: string): Call => ({
  name,
  method: 'GET',
  path: () => `${JOBS}?limit=20&${query}`,
});
const filter = (name: string, filters: object[], orderBy = ''): Call => ({
  name,
  method: 'POST',
  path: () => `${JOBS}/filter`,
  body: () => ({ filters, orderBy, pagination: { limit: 20 } }),
});

function callsOf(ids: readonly string[]): Call[] {
  return [
    {
      name: 'create',
      method: 'POST',
      path: () => JOBS,
      body: (i) => ({ app: 'none', name: `n${i}` }),
    },
    { name: 'get', method: 'GET', path: (i) => `${JOBS}/${ids[i % ids.length]}` },
    list('list', ''),
    list('list, page 4,500', 'offset=90000'),
    list('list by name', 'orderBy=name'),
    list('list by state', 'orderBy=-state'),
    filter('filter state', [{ field: 'state', value: 'JOB_STATE_COMPLETE' }]),
    filter('filter name', [{ field: 'name', value: 'job 77' }]),
    filter('filter name, like', [{ field: 'name', condition: 'LIKE', value: '4999' }]),
    filter('filter template, by name', [{ field: 'templateId', value: '' }], 'name'),
  ];
}

async function main(): Promise<void> {
  const options = readOptions({ rounds: 1, tasks: 200 });
  const start = beginReport();
  const platform = await startMeasured({ sandbox: 'null', profileDir: options.profileDir });
  const rounds = [];
  try {
    await fill(platform);
    const ids = await someIds(platform);
    for (const call of callsOf(ids)) {
      rounds.push(await measure(platform, call, options.tasks));
      progress(`${call.name}: p99 ${rounds.at(-1)?.p99Ms.toFixed(1)} ms`);
    }
  } finally {
    await platform.close();
  }
  const slowest = Math.max(...rounds.map(({ p99Ms }) => p99Ms));
  printReport(
    start,
    {
      bench: 'api',
      method: METHOD,
      settings: { storedJobs: STORED_JOBS, requests: options.tasks, callers: CALLERS },
      rounds,
      medians: {},
      ratios: {},
      aims: [
        {
          name: 'slowest p99, ms',
          aim: `below ${AIM_MS}`,
          measured: slowest,
          isMet: slowest < AIM_MS,
        },
      ],
    },
    {
      head: ['call', 'p50, ms', 'p99, ms', 'requests/s'],
      rows: rounds.map(({ name, p50Ms, p99Ms, perSecond }) => [name, p50Ms, p99Ms, perSecond]),
    },
    options.asJson,
  );
}

/** A few jobs of each kind, copied while the server is away. */
async function fill(platform: Platform): Promise<void> {
  await pushNullComponents(platform);
  for (let i = 0; i < 5; i++) {
    await platform.call('POST', JOBS, { app: 'none', name: 'draft' });
    await runNullJob(platform, 10);
  }
  await platform.server.kill();
  multiplyJobs(path.join(platform.dataDir, 'bytenite.db'), STORED_JOBS);
  await platform.startServer();
}

async function someIds(platform: Platform): Promise<string[]> {
  const page = await platform.call<{ data: { id: string }[] }>(
    'GET',
    `${JOBS}?limit=1000&offset=40000`,
  );
  return page.data.map(({ id }) => id);
}

async function measure(platform: Platform, call: Call, requests: number) {
  let next = 0;
  const once = async () => {
    const i = next++;
    const startedAt = performance.now();
    await platform.call(call.method, call.path(i), call.body?.(i));
    return performance.now() - startedAt;
  };
  for (let i = 0; i < 5; i++) await once();
  const times: number[] = [];
  for (let i = 0; i < requests; i++) times.push(await once());
  times.sort((a, b) => a - b);
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (let i = 0; i < requests / CALLERS; i++) await once();
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    name: call.name,
    p50Ms: at(times, 0.5),
    p99Ms: at(times, 0.99),
    perSecond: requests / seconds,
  };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

await main();
