/** How many tasks a second the platform itself can hand out, take back and commit. */
import { readOptions } from './support/options.ts';
import { pushNullComponents, runNullJob } from './support/null-jobs.ts';
import { cpuPerTask, platformCpu, startMeasured, type Platform } from './support/platform.ts';
import { summarizeProfiles } from './support/profile-summary.ts';
import { beginReport, printReport, progress } from './support/report.ts';
import { medians } from './support/statistics.ts';

const AIM = 10_000;
/** Both programs are warm after so many. */
const WARM_UP_TASKS = 5000;

const METHOD = [
  'Jobs whose app tasks are not started (runner --sandbox null): each still has its lease over HTTP,',
  'its staged chunk, one result file, its log lines and its commit. The partitioner is a real process.',
  'SQLite with synchronous=FULL, server and runner on two cores that they share with this script.',
  'The app tasks take from JOB_STATE_PARTITIONED to JOB_STATE_TASKS_COMPLETED, the whole job from POST',
  "/jobs to JOB_STATE_COMPLETE, both on the server's clock; CPU is utime + stime of /proc/<pid>/stat.",
];

async function main(): Promise<void> {
  const options = readOptions({ rounds: 5, tasks: 20_000 });
  const start = beginReport();
  const platform = await startMeasured({ sandbox: 'null', profileDir: options.profileDir });
  const rounds = [];
  try {
    await pushNullComponents(platform);
    await runNullJob(platform, WARM_UP_TASKS);
    for (let i = 0; i < options.rounds; i++) {
      rounds.push(await measure(platform, options.tasks));
      progress(`round ${i + 1}: ${Math.round(rounds[i]?.appTasksPerSecond ?? 0)} tasks/s`);
    }
  } finally {
    await platform.close();
  }
  if (options.profileDir !== null) progress(summarizeProfiles(options.profileDir));
  const middle = medians(rounds);
  printReport(
    start,
    {
      bench: 'dispatch',
      method: METHOD,
      settings: { tasks: options.tasks, warmUpTasks: WARM_UP_TASKS },
      rounds,
      medians: middle,
      ratios: {},
      aims: [
        {
          name: 'app tasks per second',
          aim: `${AIM}`,
          measured: middle.appTasksPerSecond,
          isMet: middle.appTasksPerSecond >= AIM,
        },
      ],
    },
    {
      head: ['median of rounds', 'tasks/s', 'CPU of server, ms/task', 'CPU of runner, ms/task'],
      rows: [
        [
          'app tasks (PARTITIONED)',
          middle.appTasksPerSecond,
          middle.serverMsPerTask,
          middle.runnerMsPerTask,
        ],
        ['whole job', middle.jobTasksPerSecond, '', ''],
      ],
    },
    options.asJson,
  );
}

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
