/** What must be true when all is well again: every promise, read from tables, blobs, event log and folders. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  checkCounts,
  checkLogs,
  checkNoStrangers,
  checkOutput,
  checkProcesses,
  checkTasks,
} from '../kill/client-checks.ts';
import { checkNothingLeft, checkResults, checkSnapshot } from '../kill/invariants.ts';
import { describeProcess, taskProcesses } from '../kill/processes.ts';
import { mayEndAs, type WorkJob } from '../kill/workload.ts';
import { problemsIn } from '../servers/servers.ts';
import { until } from '../support/platform.ts';
import { TIMES } from './plan.ts';
import type { World } from './world.ts';

/** What is to go by itself is gone by then. */
const GONE_MS = TIMES.leaseMs + TIMES.graceMs + 8000;

/** All jobs have ended. `jobs` are those of this seed, `all` those of the world so far. */
export async function checkQuiet(
  world: World,
  jobs: readonly WorkJob[],
  all: readonly WorkJob[],
): Promise<string[]> {
  const { database, platform } = world;
  const snapshot = await database.snapshot();
  const problems = [
    ...checkSnapshot(snapshot),
    ...checkNothingLeft(snapshot),
    ...checkNoStrangers(all, snapshot.jobs),
    ...(await checkResults(database, snapshot)),
    ...(await checkStore(world)),
    ...(await checkFolders(world)),
    ...(await checkOrphans(jobs)),
  ];
  for (const job of jobs) {
    const row = snapshot.jobs.find(({ id }) => id === job.id);
    const end = `${row?.state} ${row?.failure_reason}`;
    if (!job.isAcknowledged || !mayEndAs(job).includes(end)) {
      problems.push(`${job.id} (${job.label}, ${job.fate}) ended as ${end}: ${row?.error_message}`);
      continue;
    }
    problems.push(
      ...checkCounts(job, row),
      ...(row?.state === 'COMPLETE' ? await checkOutput(platform, database, job) : []),
      ...(await checkLogs(platform, database, job)),
      ...(await checkProcesses(platform, job)),
      ...(await checkTasks(platform, database, job)),
    );
  }
  return problems;
}

/** The engine's own invariants; an SQLite file belongs to its server alone. */
async function checkStore({ dataDir, databaseUrl }: World): Promise<string[]> {
  if (databaseUrl === null) return [];
  return problemsIn(databaseUrl, dataDir);
}

/** No process of a task lives on when its job has ended. */
async function checkOrphans(jobs: readonly WorkJob[]): Promise<string[]> {
  const isOurs = (id: string) => jobs.some((job) => job.id === id);
  const alive = () => taskProcesses(isOurs);
  return until(GONE_MS, 'processes to end', async () =>
    (await alive()).length === 0 ? [] : null,
  ).catch(async () => (await alive()).map((one) => `${describeProcess(one)} outlived its job`));
}

/** A runner keeps no file of an attempt that is over, however it ended; the folders of its slots stay. */
async function checkFolders(world: World): Promise<string[]> {
  const kept = async () => {
    const found = await Promise.all(
      [...world.runners.keys()].flatMap((i) =>
        ['attempts', 'trash'].map((folder) =>
          filesBelow(path.join(world.workDir, `runner-${i}`, folder)),
        ),
      ),
    );
    return found.flat();
  };
  return until(GONE_MS, 'files to go', async () => ((await kept()).length === 0 ? [] : null)).catch(
    async () => (await kept()).map((file) => `${file} was left behind`),
  );
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
