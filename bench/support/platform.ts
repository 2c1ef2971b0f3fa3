/** The platform that is measured: the built server and runner, each a plain Node process. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPlatform, type Platform } from '../../tests/support/platform.ts';
import { cpuTimes, peakMemoryMiB, processTree } from './processes.ts';
import { PYTHON } from './report.ts';

export type { Platform } from '../../tests/support/platform.ts';

export interface StartOptions {
  sandbox: 'process' | 'namespace' | 'null';
  profileDir: string | null;
  /** A PostgreSQL database in place of SQLite. */
  databaseUrl?: string;
  /** Further flags of the runner. */
  runnerArgs?: readonly string[];
}

export async function startMeasured({
  sandbox,
  profileDir,
  databaseUrl = '',
  runnerArgs = [],
}: StartOptions): Promise<Platform> {
  return startPlatform({
    env: { DATABASE_URL: databaseUrl },
    runnerArgs: ['--sandbox', sandbox, '--cpus', '2', '--python', PYTHON, ...runnerArgs],
    nodeArgs:
      profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profileDir)}`],
  });
}

export interface PlatformCpu {
  server: number;
  runner: number;
  /** The launcher and its supervisors, forks included. */
  launcher: number;
  /** What they started: the users' processes, from the fork on. */
  tasks: number;
}

/** CPU seconds so far. Below the runner are the launcher, the supervisors, and below those the tasks. */
export function platformCpu(platform: Platform): PlatformCpu {
  const runner = pidOf(platform.runner);
  const starters = processTree(runner, 2)
    .filter((pid) => pid !== runner)
    .map((pid) => cpuTimes(pid));
  return {
    server: cpuTimes(pidOf(platform.server)).own,
    runner: cpuTimes(runner).own,
    launcher: starters.reduce((sum, { own }) => sum + own, 0),
    tasks: starters.reduce((sum, { children }) => sum + children, 0),
  };
}

/** Milliseconds of CPU for each task between two readings. */
export function cpuPerTask(before: PlatformCpu, after: PlatformCpu, tasks: number): PlatformCpu {
  const each = (name: keyof PlatformCpu) => ((after[name] - before[name]) * 1000) / tasks;
  return {
    server: each('server'),
    runner: each('runner'),
    launcher: each('launcher'),
    tasks: each('tasks'),
  };
}

export function peakMemory(platform: Platform): { server: number; runner: number } {
  return {
    server: peakMemoryMiB(pidOf(platform.server)),
    runner: peakMemoryMiB(pidOf(platform.runner)),
  };
}

function pidOf(program: Platform['runner']): number {
  const pid = program?.process.pid;
  if (pid === undefined) throw new Error('the process has not been started');
  return pid;
}

export interface JobTimes {
  /** From before `POST /jobs` to JOB_STATE_COMPLETE, in seconds. */
  whole: number;
  /** From JOB_STATE_PARTITIONED to JOB_STATE_TASKS_COMPLETED: every app task, and nothing else. */
  partitioned: number;
}

/** Runs a job to its end and checks that all its tasks completed. */
export async function runJob(
  platform: Platform,
  request: object,
  tasks: number,
): Promise<JobTimes & { id: string }> {
  const postedAt = Date.now();
  const jobs = '/v1/customer/jobs';
  const { job: draft } = await platform.call<{ job: { id: string } }>('POST', jobs, request);
  await platform.call('POST', `${jobs}/${draft.id}/run`, {});
  const job = await endOfJob(platform, draft.id);
  if (job.state !== 'JOB_STATE_COMPLETE' || job.taskCounts['TASK_STATE_COMPLETED'] !== tasks) {
    throw new Error(`${job.state}: ${job.errorMessage} ${JSON.stringify(job.taskCounts)}`);
  }
  const at = (state: string) => Date.parse(job.stateTimestamps[`JOB_STATE_${state}`] ?? '');
  return {
    id: draft.id,
    whole: (at('COMPLETE') - postedAt) / 1000,
    partitioned: (at('TASKS_COMPLETED') - at('PARTITIONED')) / 1000,
  };
}

interface EndedJob {
  state: string;
  errorMessage: string;
  stateTimestamps: Record<string, string>;
  taskCounts: Record<string, number>;
}

/** Looks seldom, so that looking costs the server nothing; the times are the server's own. */
const LOOK_MS = 250;
const JOB_LIMIT_MS = 60 * 60_000;

export async function endOfJob(platform: Platform, id: string): Promise<EndedJob> {
  const deadline = Date.now() + JOB_LIMIT_MS;
  while (Date.now() < deadline) {
    await sleep(LOOK_MS);
    const { job } = await platform.call<{ job: EndedJob }>('GET', `/v1/customer/jobs/${id}`);
    if (job.state === 'JOB_STATE_COMPLETE' || job.state === 'JOB_STATE_FAILED') return job;
  }
  throw new Error(`job ${id} did not end in time`);
}

/** The files that a job delivered, by name; every `step`-th is fetched. */
export async function fetchResults(
  platform: Platform,
  jobId: string,
  step = 1,
): Promise<{ count: number; files: Map<string, string> }> {
  const { results } = await platform.call<{ results: { name: string; link: string }[] }>(
    'GET',
    `/v1/customer/jobs/${jobId}/results`,
  );
  const files = new Map<string, string>();
  for (let i = 0; i < results.length; i += step) {
    const { name, link } = results[i] as { name: string; link: string };
    const response = await fetch(link);
    if (!response.ok) throw new Error(`${name}: HTTP ${response.status}`);
    files.set(name, await response.text());
  }
  return { count: results.length, files };
}
