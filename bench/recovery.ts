/** How long work stands still after a SIGKILL with ten thousand tasks in flight, and that nothing is lost by it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase, type Database } from '../tests/kill/database.ts';
import { startPlatform } from '../tests/support/platform.ts';
import { readOptions } from './support/options.ts';
import { pushNullComponents } from './support/null-jobs.ts';
import { endOfJob, fetchResults, type Platform } from './support/platform.ts';
import { PYTHON, beginReport, printReport, progress } from './support/report.ts';
import { medians } from './support/statistics.ts';

const AIM_SECONDS = 5;
/** Tasks that wait behind those in flight. */
const WAITING = 2000;
/** As long as tasks in flight last at most, until the runner is started anew. */
const TASK_MS = 60_000;
const IN_FLIGHT_MS = 300_000;
const LOOK_MS = 20;

const METHOD = [
  'Jobs of the null sandbox on a runner that has room for all: each task dawdles for up to a minute while it has a',
  'lease. When as many are in flight, the server or the runner is ended with SIGKILL and started again at once.',
  'Counted is the time from the signal to the next committed result, and after the end of the job what is lost',
  '(chunks without a result) and what was committed twice. A runner that comes back has lost its tasks: they are',
  'all given out again.',
];

type Victim = 'server' | 'runner';
const VICTIMS: readonly Victim[] = ['server', 'runner'];

interface Round {
  seconds: number;
  lost: number;
  doubleCommits: number;
}

async function main(): Promise<void> {
  const options = readOptions({ rounds: 3, tasks: 10_000 });
  const start = beginReport();
  const rounds: Record<Victim, Round[]> = { server: [], runner: [] };
  for (let i = 0; i < options.rounds; i++) {
    for (const victim of VICTIMS) {
      const round = await measure(victim, options.tasks);
      rounds[victim].push(round);
      progress(`${victim}, round ${i + 1}: ${round.seconds.toFixed(2)} s`);
    }
  }
  const middle = VICTIMS.map((victim) => ({ victim, ...medians<keyof Round>(rounds[victim]) }));
  printReport(
    start,
    {
      bench: 'recovery',
      method: METHOD,
      settings: { tasksInFlight: options.tasks },
      rounds: [rounds],
      medians: Object.fromEntries(middle.map(({ victim, ...figures }) => [victim, figures])),
      ratios: {},
      aims: middle.flatMap(({ victim, seconds, lost, doubleCommits }) => [
        {
          name: `${victim}: seconds until work goes on`,
          aim: `at most ${AIM_SECONDS}`,
          measured: seconds,
          isMet: seconds <= AIM_SECONDS,
        },
        { name: `${victim}: tasks lost`, aim: '0', measured: lost, isMet: lost === 0 },
        {
          name: `${victim}: commits too many`,
          aim: '0',
          measured: doubleCommits,
          isMet: doubleCommits === 0,
        },
      ]),
    },
    {
      head: ['ended with SIGKILL', 'goes on after, s', 'lost', 'double commits'],
      rows: middle.map((row) => [row.victim, row.seconds, row.lost, row.doubleCommits]),
    },
    options.asJson,
  );
}

async function measure(victim: Victim, tasks: number): Promise<Round> {
  const dawdle = { BYTENITE_FAILPOINTS: `run=0-${TASK_MS}` };
  const runnerArgs = ['--sandbox', 'null', '--cpus', String(tasks), '--memory', '1e15'];
  const platform = await startPlatform({
    env: dawdle,
    runnerArgs: [...runnerArgs, '--python', PYTHON],
  });
  const database = openDatabase(platform.dataDir);
  try {
    await pushNullComponents(platform);
    const total = tasks + WAITING;
    const id = await startJob(platform, total);
    await untilInFlight(database, tasks);
    const before = await committed(database);
    const killedAt = performance.now();
    const program = victim === 'server' ? platform.server : platform.runner;
    await program?.kill();
    await (victim === 'server' ? platform.startServer() : platform.startRunner());
    while ((await committed(database)) <= before) await sleep(LOOK_MS);
    const seconds = (performance.now() - killedAt) / 1000;
    await endOfJob(platform, id);
    const { count } = await fetchResults(platform, id, total);
    return { seconds, lost: total - count, doubleCommits: (await committed(database)) - total };
  } finally {
    await database.close();
    await platform.close();
  }
}

async function startJob(platform: Platform, chunks: number): Promise<string> {
  const { job } = await platform.call<{ job: { id: string } }>('POST', '/v1/customer/jobs', {
    app: 'none',
    partitioner: 'many',
    dataSource: { dataSourceDescriptor: 'bypass' },
    dataDestination: { dataSourceDescriptor: 'bucket' },
    params: { partitioner: { chunks }, app: {}, assembler: {} },
  });
  await platform.call('POST', `/v1/customer/jobs/${job.id}/run`, {});
  return job.id;
}

async function untilInFlight(database: Database, tasks: number): Promise<void> {
  const deadline = Date.now() + IN_FLIGHT_MS;
  for (;;) {
    const [row] = await database.rows<{ n: number }>(
      "SELECT count(*) AS n FROM lease WHERE kind = 'APP'",
    );
    // A few end while others begin.
    if ((row?.n ?? 0) >= tasks * 0.98) return;
    if (Date.now() > deadline) throw new Error(`only ${row?.n ?? 0} tasks are in flight`);
    await sleep(LOOK_MS);
  }
}

async function committed(database: Database): Promise<number> {
  const [row] = await database.rows<{ n: number }>('SELECT sum(committed) AS n FROM job');
  return row?.n ?? 0;
}

await main();
