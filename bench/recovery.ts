/** How long work stands still after a SIGKILL with ten thousand tasks in flight, and that nothing is lost by it. */
import { once } from 'node:events';
import path from 'node:path';
import { openDatabase, type Database } from '../tests/kill/database.ts';
import {
  flags,
  programOf,
  RUNNER,
  startPlatform,
  startProgram,
  until,
  type Program,
} from '../tests/support/platform.ts';
import { readOptions } from './support/options.ts';
import { pushNullComponents } from './support/null-jobs.ts';
import { endOfJob, fetchResults, type Platform } from './support/platform.ts';
import { PYTHON, beginReport, printReport, progress } from './support/report.ts';
import { medians } from './support/statistics.ts';

const AIM_SECONDS = 5;
/** Tasks that wait behind those in flight. */
const WAITING = 5000;
/** As long as tasks in flight last, so that all have begun before the first ends; later runners do not dawdle. */
const DAWDLE = { BYTENITE_FAILPOINTS: 'run=20000-60000' };
/** A runner of root has a uid for as many tasks at once, and some for what comes next. */
const TASKS_OF_A_RUNNER = 700;
const IN_FLIGHT_MS = 300_000;

const METHOD = [
  'A job of the null sandbox on as many runners as have room for all its tasks, each of which dawdles for 20 s to',
  'a minute while it has a lease. When as many are in flight and results come in, the server or all runners are',
  'ended with SIGKILL and started again at once. Counted is the time from the signal to the next committed result,',
  'and after the end of the job what is lost (chunks without a result) and what was committed twice. Runners that',
  'come back have lost their tasks: they are all given out again, and do not dawdle.',
];

const VICTIMS = ['server', 'runners'] as const;
type Victim = (typeof VICTIMS)[number];

interface Round {
  seconds: number;
  /** Of these until the programs were there again. */
  readySeconds: number;
  lost: number;
  doubleCommits: number;
}

async function main(): Promise<void> {
  const options = readOptions({ rounds: 3, tasks: 10_000 });
  const start = beginReport();
  const rounds: Record<Victim, Round[]> = { server: [], runners: [] };
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
      head: [
        'ended with SIGKILL',
        'goes on after, s',
        'there again after, s',
        'lost',
        'double commits',
      ],
      rows: middle.map(({ victim, seconds, readySeconds, lost, doubleCommits }) => [
        victim,
        seconds,
        readySeconds,
        lost,
        doubleCommits,
      ]),
    },
    options.asJson,
  );
}

async function measure(victim: Victim, tasks: number): Promise<Round> {
  const platform = await startPlatform({
    runnerArgs: ['--sandbox', 'null', '--cpus', '1', '--python', PYTHON],
  });
  const database = openDatabase(platform.dataDir);
  const runners: Program[] = [];
  try {
    await pushNullComponents(platform);
    const total = tasks + WAITING;
    const id = await startJob(platform, total);
    await until(IN_FLIGHT_MS, 'the chunks', () => chunksOf(database));
    await stop(platform.runner);
    runners.push(...(await startRunners(platform, tasks, DAWDLE)));
    const first = await committed(database);
    // A few end while others begin.
    await until(IN_FLIGHT_MS, 'tasks in flight', () => inFlight(database, tasks * 0.95));
    await until(IN_FLIGHT_MS, 'results', () => moreThan(database, first));
    const before = await committed(database);
    const killedAt = performance.now();
    if (victim === 'server') {
      await platform.server.kill();
      await platform.startServer();
    } else {
      await Promise.all(runners.splice(0).map((runner) => runner.kill()));
      runners.push(...(await startRunners(platform, tasks, {})));
    }
    const readySeconds = secondsSince(killedAt);
    await until(IN_FLIGHT_MS, 'a result', () => moreThan(database, before));
    const seconds = secondsSince(killedAt);
    await endOfJob(platform, id);
    const { count } = await fetchResults(platform, id, total);
    const doubleCommits = (await committed(database)) - total;
    return { seconds, readySeconds, lost: total - count, doubleCommits };
  } finally {
    await Promise.all(runners.map((runner) => runner.kill()));
    await database.close();
    await platform.close();
  }
}

function secondsSince(atMs: number): number {
  return (performance.now() - atMs) / 1000;
}

/** It gives back what it has not begun. */
async function stop(program: Program | null): Promise<void> {
  if (program === null) return;
  const ended = once(program.process, 'exit');
  program.process.kill('SIGTERM');
  await ended;
}

/** As many as have room for all tasks; ready when this returns. */
function startRunners(
  platform: Platform,
  tasks: number,
  env: Record<string, string>,
): Promise<Program[]> {
  const names = Array.from({ length: Math.ceil(tasks / TASKS_OF_A_RUNNER) }, (_, i) => `r${i}`);
  const start = async (name: string) => {
    const args = flags({
      server: platform.url,
      'token-file': path.join(platform.dataDir, 'runner-token'),
      'work-dir': path.join(platform.dir, name),
      name,
      sandbox: 'null',
      cpus: TASKS_OF_A_RUNNER,
      memory: '1e15',
      python: PYTHON,
    });
    const logFile = path.join(platform.dir, `${name}.log`);
    const { child } = await startProgram(RUNNER, args, { env, logFile });
    return programOf(child);
  };
  return Promise.all(names.map(start));
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

async function chunksOf(database: Database): Promise<true | null> {
  const [row] = await database.rows<{ n: number }>('SELECT sum(num_chunks) AS n FROM job');
  return (row?.n ?? 0) > 0 ? true : null;
}

async function inFlight(database: Database, tasks: number): Promise<true | null> {
  const [row] = await database.rows<{ n: number }>(
    "SELECT count(*) AS n FROM lease WHERE phase = 'RUNNING'",
  );
  return (row?.n ?? 0) >= tasks ? true : null;
}

async function moreThan(database: Database, results: number): Promise<true | null> {
  return (await committed(database)) > results ? true : null;
}

async function committed(database: Database): Promise<number> {
  const [row] = await database.rows<{ n: number }>('SELECT sum(committed) AS n FROM job');
  return row?.n ?? 0;
}

await main();
