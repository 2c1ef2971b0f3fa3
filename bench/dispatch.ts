/** How many tasks a second the platform itself can hand out, take back and commit; beside two queues. */
import { findPostgres, startPostgres } from '../scripts/lib/postgres.js';
import { readOptions, type BenchOptions } from './support/options.ts';
import { measurePeers } from './support/peers.ts';
import { pushNullComponents, runNullJob } from './support/null-jobs.ts';
import { cpuPerTask, platformCpu, startMeasured, type Platform } from './support/platform.ts';
import { summarizeProfiles } from './support/profile-summary.ts';
import { beginReport, printReport, progress } from './support/report.ts';
import { median, medians } from './support/statistics.ts';

const AIM = 10_000;
const POSTGRES_AIM = 5000;
/** Both programs are warm after so many. */
const WARM_UP_TASKS = 5000;

const METHOD = [
  'Jobs whose app tasks are not started (runner --sandbox null): each still has its lease over HTTP,',
  'its staged chunk, one result file, its log lines and its commit. The partitioner is a real process.',
  'First on SQLite with synchronous=FULL, then on a PostgreSQL of its own with its default durability, where',
  'there is one. Server, runner and database are on two cores that they share with this script.',
  'The app tasks take from JOB_STATE_PARTITIONED to JOB_STATE_TASKS_COMPLETED, the whole job from POST',
  "/jobs to JOB_STATE_COMPLETE, both on the server's clock; CPU is utime + stime of /proc/<pid>/stat.",
  'Beside it, in the same run: graphile-worker (PostgreSQL with its default durability) and BullMQ (Redis with',
  'appendfsync always), each in its fastest documented batch mode, which enqueue, claim and complete as many',
  'jobs that do nothing, without files, logs or results, in one process; their figure is for all three together.',
];

async function main(): Promise<void> {
  const options = readOptions({ rounds: 5, tasks: 20_000 });
  const start = beginReport();
  const rounds = await measureOn('SQLite', '', options);
  if (options.profileDir !== null) progress(summarizeProfiles(options.profileDir));
  const bin = await findPostgres();
  if (bin === undefined) progress("Without Debian's package postgresql there is less to measure");
  const onPostgres = bin === undefined ? null : await measureOnPostgres(bin, options);
  const peers = await measurePeers(bin, options);
  const middle = medians(rounds);
  const postgres = onPostgres === null ? null : medians(onPostgres);
  const rates = Object.entries(peers)
    .filter(([, figures]) => figures.length > 0)
    .map(([name, figures]): [string, number] => [name, median(figures)]);
  printReport(
    start,
    {
      bench: 'dispatch',
      method: METHOD,
      settings: { tasks: options.tasks, warmUpTasks: WARM_UP_TASKS },
      rounds: [{ sqlite: rounds, postgres: onPostgres, peers }],
      medians: { sqlite: middle, postgres, ...Object.fromEntries(rates) },
      ratios: Object.fromEntries(
        rates.map(([name, rate]) => [
          `app tasks on SQLite / ${name}`,
          middle.appTasksPerSecond / rate,
        ]),
      ),
      aims: [
        {
          name: 'app tasks per second on SQLite',
          aim: `${AIM}`,
          measured: middle.appTasksPerSecond,
          isMet: middle.appTasksPerSecond >= AIM,
        },
        ...(postgres === null
          ? []
          : [
              {
                name: 'app tasks per second on PostgreSQL',
                aim: `${POSTGRES_AIM}`,
                measured: postgres.appTasksPerSecond,
                isMet: postgres.appTasksPerSecond >= POSTGRES_AIM,
              },
            ]),
      ],
    },
    {
      head: ['median of rounds', 'tasks/s', 'CPU of server, ms/task', 'CPU of runner, ms/task'],
      rows: [
        ...rowsOf('SQLite', middle),
        ...(postgres === null ? [] : rowsOf('PostgreSQL', postgres)),
        ...rates.map(([name, rate]) => [`${name}: enqueue, claim, complete`, rate, '', '']),
      ],
    },
    options.asJson,
  );
}

function rowsOf(database: string, middle: Round): (string | number)[][] {
  const { appTasksPerSecond, serverMsPerTask, runnerMsPerTask, jobTasksPerSecond } = middle;
  return [
    [`${database}: app tasks (PARTITIONED)`, appTasksPerSecond, serverMsPerTask, runnerMsPerTask],
    [`${database}: whole job`, jobTasksPerSecond, '', ''],
  ];
}

async function measureOnPostgres(bin: string, options: BenchOptions): Promise<Round[]> {
  const postgres = await startPostgres(bin, { durable: true });
  try {
    // The profile is of the first.
    return await measureOn('PostgreSQL', postgres.url, { ...options, profileDir: null });
  } finally {
    await postgres.stop();
  }
}

async function measureOn(
  database: string,
  databaseUrl: string,
  options: BenchOptions,
): Promise<Round[]> {
  const { profileDir } = options;
  const platform = await startMeasured({ sandbox: 'null', profileDir, databaseUrl });
  const rounds: Round[] = [];
  try {
    await pushNullComponents(platform);
    await runNullJob(platform, WARM_UP_TASKS);
    for (let i = 0; i < options.rounds; i++) {
      const round = await measure(platform, options.tasks);
      rounds.push(round);
      progress(`${database}, round ${i + 1}: ${Math.round(round.appTasksPerSecond)} tasks/s`);
    }
  } finally {
    await platform.close();
  }
  return rounds;
}

type Round = Awaited<ReturnType<typeof measure>>;

async function measure(platform: Platform, tasks: number) {
  const before = platformCpu(platform);
  const { whole, partitioned } = await runNullJob(platform, tasks);
  // Including the engine tasks and the steps of the server, which have no place of their own.
  const cpu = cpuPerTask(before, platformCpu(platform), tasks);
  return {
    appTasksPerSecond: tasks / partitioned,
    jobTasksPerSecond: tasks / whole,
    serverMsPerTask: cpu.server,
    runnerMsPerTask: cpu.runner,
  };
}

await main();
