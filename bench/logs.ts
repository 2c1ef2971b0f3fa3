/** How fast a page of a job's logs is, and how long it keeps others waiting. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pushComponent } from '../tests/support/components.ts';
import { pushNullComponents } from './support/null-jobs.ts';
import { readOptions } from './support/options.ts';
import { peakMemory, runJob, startMeasured, type Platform } from './support/platform.ts';
import { beginReport, printReport, progress } from './support/report.ts';

const AIM_MS = 1000;
const TASKS = 10;
const LINES_PER_TASK = 100_000;
/** 100 MB in the longest lines that are kept whole. */
const LONG_LINES = 1600;
const LOOK_EVERY_MS = 5;

const METHOD = [
  `A job whose ${TASKS} tasks printed ${(TASKS * LINES_PER_TASK).toLocaleString('en')} lines, and one that printed 100 MB in lines of 64 KB.`,
  'Each page is fetched and parsed by this script, on the cores that the server uses; meanwhile it asks',
  '`/healthz` again and again, and the slowest answer is how long the page kept others waiting.',
];

const CHATTY = `import os
chunk = os.environ["CHUNK_NUMBER"]
lines = ["chunk %s: this is line %d of very many\\n" % (chunk, i) for i in range(${LINES_PER_TASK})]
for i in range(0, len(lines), 1000):
    os.write(1, "".join(lines[i:i + 1000]).encode())
`;
const LONG = `for i in range(${LONG_LINES}): print(str(i).ljust(65535, "x"))\n`;

interface Logs {
  taskrunner: Record<string, { logs: { log: string; timestamp: string }[] }>;
}

interface Page {
  name: string;
  body: Record<string, unknown>;
}

async function main(): Promise<void> {
  const options = readOptions({ rounds: 5, tasks: 1 });
  const start = beginReport();
  const { sandbox, profileDir } = { sandbox: 'process' as const, profileDir: options.profileDir };
  const platform = await startMeasured({ sandbox, profileDir });
  const rounds = [];
  try {
    for (const page of await pagesOf(platform)) {
      rounds.push(await measure(platform, page, options.rounds));
      const { maxMs, waitMs } = rounds.at(-1) ?? {};
      progress(
        `${page.name}: at most ${maxMs?.toFixed(0)} ms, others waited ${waitMs?.toFixed(0)} ms`,
      );
    }
    rounds.push({ ...NOTHING, name: 'server, peak MiB', peakMiB: peakMemory(platform).server });
  } finally {
    await platform.close();
  }
  report(start, rounds, options.asJson);
}

const NOTHING = { lines: 0, p50Ms: 0, maxMs: 0, waitMs: 0, peakMiB: 0 };
type Round = typeof NOTHING & { name: string };

function report(start: ReturnType<typeof beginReport>, all: Round[], asJson: boolean): void {
  const rounds = all.filter((round) => round.peakMiB === 0);
  const empty = rounds.find(({ lines }) => lines === 0);
  if (empty !== undefined) throw new Error(`a page without lines measures nothing: ${empty.name}`);
  const slowest = Math.max(...rounds.slice(0, -1).map(({ maxMs }) => maxMs));
  printReport(
    start,
    {
      bench: 'logs',
      method: METHOD,
      settings: { lines: TASKS * LINES_PER_TASK, longLines: LONG_LINES },
      rounds: all,
      medians: {},
      ratios: {},
      aims: [
        {
          name: 'slowest page of 1,000,000 lines, ms',
          aim: `below ${AIM_MS}`,
          measured: slowest,
          isMet: slowest < AIM_MS,
        },
      ],
    },
    {
      head: ['page', 'lines', 'p50, ms', 'max, ms', 'others waited, ms'],
      rows: rounds.map(({ name, lines, p50Ms, maxMs, waitMs }) => [
        name,
        lines,
        p50Ms,
        maxMs,
        waitMs,
      ]),
    },
    asJson,
  );
}

/** Runs the jobs, and asks for their logs in every way; the last page is that of the long lines. */
async function pagesOf(platform: Platform): Promise<Page[]> {
  await pushNullComponents(platform);
  await pushComponent(platform, { name: 'chatty', type: 'app', main: CHATTY });
  await pushComponent(platform, { name: 'long', type: 'app', main: LONG });
  const bypass = { dataSource: { dataSourceDescriptor: 'bypass' } };
  const params = { partitioner: { chunks: TASKS } };
  const chatty = { app: 'chatty', partitioner: 'many', params, ...bypass };
  progress('a job that prints 1,000,000 lines');
  const { id: jobId } = await runJob(platform, chatty, TASKS);
  progress('a job that prints 100 MB');
  const { id: longId } = await runJob(platform, { app: 'long', ...bypass }, 1);
  const { taskrunner } = await platform.call<Logs>('POST', LOGS, { jobId, limit: 10_000 });
  const [taskId = '', task] = Object.entries(taskrunner)[0] ?? [];
  const middle = task?.logs[0]?.timestamp;
  return [
    { name: 'newest 10,000', body: { jobId } },
    { name: 'newest 100', body: { jobId, limit: 100 } },
    { name: 'of one service', body: { jobId, services: ['TASKRUNNER'], limit: 1000 } },
    { name: 'of one task', body: { jobId, taskIds: [taskId], limit: 1000 } },
    { name: 'of the runner itself (DEBUG, INFO)', body: { jobId, levels: ['DEBUG', 'INFO'] } },
    {
      name: 'of a level that is rare (ERROR)',
      body: { jobId, levels: ['ERROR', 'INFO'], limit: 1 },
    },
    { name: 'since a time', body: { jobId, since: middle, limit: 1000 } },
    { name: 'until a time', body: { jobId, until: middle, limit: 1000 } },
    { name: '100 MB in long lines', body: { jobId: longId } },
  ];
}

const LOGS = '/v1/customer/logs';

async function measure(platform: Platform, { name, body }: Page, rounds: number): Promise<Round> {
  const times: number[] = [];
  let lines = 0;
  let waitMs = 0;
  for (let round = 0; round < rounds; round += 1) {
    const done = new AbortController();
    const waited = longestWait(platform, done.signal);
    const startedAt = performance.now();
    const response = await fetch(platform.url + LOGS, {
      method: 'POST',
      headers: { authorization: platform.apiKey },
      body: JSON.stringify(body),
    });
    const parts: Uint8Array[] = [];
    for await (const part of response.body ?? []) parts.push(part as Uint8Array);
    times.push(performance.now() - startedAt);
    done.abort();
    waitMs = Math.max(waitMs, await waited);
    const logs = JSON.parse(Buffer.concat(parts).toString()) as Logs;
    lines = Object.values(logs.taskrunner).reduce((sum, task) => sum + task.logs.length, 0);
  }
  times.sort((a, b) => a - b);
  const p50Ms = times[Math.floor(times.length / 2)] ?? 0;
  return { ...NOTHING, name, lines, p50Ms, maxMs: times.at(-1) ?? 0, waitMs };
}

/** The slowest answer to a call that costs nothing. */
async function longestWait(platform: Platform, done: AbortSignal): Promise<number> {
  let longest = 0;
  while (!done.aborted) {
    const startedAt = performance.now();
    await (await fetch(`${platform.url}/healthz`)).text();
    longest = Math.max(longest, performance.now() - startedAt);
    await sleep(LOOK_EVERY_MS);
  }
  return longest;
}

await main();
