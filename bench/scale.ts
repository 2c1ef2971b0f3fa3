/** Whether a task costs the same in a small job and in a large one, and what memory that takes. */
import { parseArgs } from 'node:util';
import { BENCH_OPTIONS, toBenchOptions } from './support/options.ts';
import { pushNullComponents, runNullJob } from './support/null-jobs.ts';
import { cpuPerTask, peakMemory, platformCpu, startMeasured } from './support/platform.ts';
import { beginReport, printReport, progress } from './support/report.ts';
import { medians } from './support/statistics.ts';

const AIM = 1.3;
const SMALL = 1000;

const METHOD = [
  'As the bench dispatch, at three sizes. Every measurement has a platform of its own, which is warm when',
  'it begins; the sizes take turns. Cost is wall time by task. Memory is the peak resident set (VmHWM).',
  'With --real each app task is a short Python script, in the namespace tier with warm starts.',
];

interface Cost {
  appMicroseconds: number;
  jobMicroseconds: number;
  serverMsPerTask: number;
  runnerMsPerTask: number;
  serverPeakMiB: number;
  runnerPeakMiB: number;
}

async function main(): Promise<void> {
  const options = readScaleOptions();
  const sizes = [...new Set([SMALL, Math.min(10_000, options.tasks), options.tasks])];
  const start = beginReport();
  const rounds: { tasks: number; cost: Cost }[][] = [];
  for (let i = 0; i < options.rounds; i++) {
    const round = [];
    for (const tasks of sizes) {
      const cost = await measure(tasks, options.isReal);
      progress(`round ${i + 1}: ${tasks} tasks, ${Math.round(cost.appMicroseconds)} µs each`);
      round.push({ tasks, cost });
    }
    rounds.push(round);
  }
  const middle = sizes.map((tasks, i) => ({
    tasks,
    ...medians(rounds.map((round) => costOf(round, i))),
  }));
  const growth = (field: 'appMicroseconds' | 'jobMicroseconds') =>
    (middle.at(-1)?.[field] ?? Number.NaN) / (middle[0]?.[field] ?? Number.NaN);
  const largest = options.tasks.toLocaleString('en');
  printReport(
    start,
    {
      bench: 'scale',
      method: METHOD,
      settings: { sizes, isReal: options.isReal, warmUpTasks: warmUpTasks(options.isReal) },
      rounds,
      medians: Object.fromEntries(middle.map(({ tasks, ...cost }) => [tasks, cost])),
      ratios: {},
      aims: (['appMicroseconds', 'jobMicroseconds'] as const).map((field) => ({
        name: `${field === 'appMicroseconds' ? 'app tasks' : 'whole job'}: cost of one of ${largest} over one of 1,000`,
        aim: `at most ${AIM}`,
        measured: growth(field),
        isMet: growth(field) <= AIM,
      })),
    },
    {
      head: ['tasks', 'app, µs each', 'whole job, µs each', 'server, MiB', 'runner, MiB'],
      rows: middle.map((cost) => [
        cost.tasks.toLocaleString('en'),
        cost.appMicroseconds,
        cost.jobMicroseconds,
        cost.serverPeakMiB,
        cost.runnerPeakMiB,
      ]),
    },
    options.asJson,
  );
}

function readScaleOptions() {
  const { values } = parseArgs({
    options: { ...BENCH_OPTIONS, real: { type: 'boolean', default: false } },
  });
  return { ...toBenchOptions(values, { rounds: 3, tasks: 100_000 }), isReal: values.real };
}

/** Both programs are warm after so many. */
function warmUpTasks(isReal: boolean): number {
  return isReal ? 200 : 5000;
}

function costOf(round: readonly { cost: Cost }[], i: number): Record<keyof Cost, number> {
  const entry = round[i];
  if (entry === undefined) throw new Error('a size was not measured');
  return { ...entry.cost };
}

async function measure(tasks: number, isReal: boolean): Promise<Cost> {
  const sandbox = isReal ? 'namespace' : 'null';
  const platform = await startMeasured({ sandbox, profileDir: null });
  try {
    await pushNullComponents(platform);
    await runNullJob(platform, warmUpTasks(isReal));
    const before = platformCpu(platform);
    const { whole, partitioned } = await runNullJob(platform, tasks);
    const cpu = cpuPerTask(before, platformCpu(platform), tasks);
    const memory = peakMemory(platform);
    return {
      appMicroseconds: (partitioned * 1e6) / tasks,
      jobMicroseconds: (whole * 1e6) / tasks,
      serverMsPerTask: cpu.server,
      runnerMsPerTask: cpu.runner,
      serverPeakMiB: memory.server,
      runnerPeakMiB: memory.runner,
    };
  } finally {
    await platform.close();
  }
}

await main();
