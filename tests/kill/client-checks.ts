/** What a client must find of a job that is complete. Each check returns what is wrong, in words. */
import type { Platform } from '../support/platform.ts';
import type { Database, JobRow, TaskRow } from './database.ts';
import { EXIT_BY_DESIGN, expectedCounts, expectedFiles, type WorkJob } from './workload.ts';

/** Downloads what a job delivered as a client would, and says what differs. */
export async function checkOutput(
  platform: Platform,
  database: Database,
  job: WorkJob,
): Promise<string[]> {
  const tasks = await database.rows<TaskRow>(
    'SELECT task.* FROM task JOIN job ON job.no = task.job WHERE job.id = ?',
    job.id,
  );
  const expected = expectedFiles(job, tasks);
  const { results } = await platform.call<{ results: { name: string; link: string }[] }>(
    'GET',
    `/v1/customer/jobs/${job.id}/results`,
  );
  const problems: string[] = [];
  const names = results.map(({ name }) => name).toSorted();
  const wanted = [...expected.keys()].toSorted();
  if (names.join() !== wanted.join()) {
    problems.push(`${job.id} delivered [${names.join()}], not [${wanted.join()}]`);
  }
  for (const { name, link } of results) {
    const response = await fetch(link, { signal: AbortSignal.timeout(30_000) });
    const content = await response.text();
    if (response.status === 200 && content === expected.get(name)) continue;
    problems.push(`${job.id}: ${name} is ${response.status} ${content.slice(0, 200)}`);
  }
  return problems;
}

/** Every retry that the server said yes to is one run, and no other call made one. */
export function checkCounts(job: WorkJob, row: JobRow | undefined): string[] {
  const expected = expectedCounts(job);
  if (row === undefined) return [`${job.id} is gone`];
  const problems =
    row.run === expected.run ? [] : [`${job.id} is in run ${row.run}, not ${expected.run}`];
  if (row.state === 'COMPLETE' && row.failed !== expected.failed) {
    problems.push(`${job.id} is complete without ${row.failed} chunks, not ${expected.failed}`);
  }
  return problems;
}

/** Every job in the table is one that a client asked for, once. */
export function checkNoStrangers(jobs: readonly WorkJob[], rows: readonly JobRow[]): string[] {
  const asked = new Set(jobs.map(({ id }) => id));
  return rows
    .filter(({ id }) => !asked.has(id))
    .map(({ id, name }) => `job ${id} (${name}) is one that nobody asked for`);
}

interface Logs {
  partitioner: { log: string }[];
  assembler: { log: string }[];
  taskrunner: Record<string, { logs: { log: string }[] }>;
}

/** What every attempt that came to its end has printed must be readable. */
export async function checkLogs(
  platform: Platform,
  database: Database,
  job: WorkJob,
): Promise<string[]> {
  const logs = await platform.call<Logs>('POST', '/v1/customer/logs', { jobId: job.id });
  const lines = new Set(linesOf(logs).map(({ log }) => log));
  const won = await database.rows<TaskRow>(
    `SELECT task.* FROM task JOIN job ON job.no = task.job
     WHERE job.id = ? AND task.state = 'committed'`,
    job.id,
  );
  // Any other code is of a task that something was done to, such as one without room on its disk.
  const failed = await database.rows<TaskRow & { attempt: number }>(
    `SELECT attempt.* FROM attempt JOIN job ON job.no = attempt.job
     WHERE job.id = ? AND exit_code = ${EXIT_BY_DESIGN}`,
    job.id,
  );
  const expected = [
    ...won.flatMap(({ kind, chunk, winner }) => [
      `begin ${kind} chunk=${chunk} attempt=${winner}`,
      `end ${kind} chunk=${chunk} attempt=${winner}`,
    ]),
    ...failed.flatMap(({ kind, chunk, attempt }) => [
      `begin ${kind} chunk=${chunk} attempt=${attempt}`,
      `attempt ${attempt} of chunk ${chunk} fails by design`,
    ]),
  ];
  return expected
    .filter((line) => !lines.has(line))
    .map((line) => `${job.id}: the logs lack "${line}"`);
}

/** An attempt is one process: a lease is valid on one runner only. */
export async function checkProcesses(platform: Platform, job: WorkJob): Promise<string[]> {
  const logs = await platform.call<Logs>('POST', '/v1/customer/logs', { jobId: job.id });
  const processes = new Map<string, Set<string>>();
  for (const { log } of linesOf(logs)) {
    const [, id, attempt] = /^process (\S+) of (.+)$/.exec(log) ?? [];
    if (id === undefined || attempt === undefined) continue;
    // A later run's engines begin at their first attempt again.
    if (job.retries > 0 && !attempt.startsWith('APP')) continue;
    processes.set(attempt, (processes.get(attempt) ?? new Set()).add(id));
  }
  return [...processes]
    .filter(([, ids]) => ids.size > 1)
    .map(([attempt, ids]) => `${job.id}: ${attempt} ran as ${ids.size} processes`);
}

function linesOf({ partitioner, assembler, taskrunner }: Logs): { log: string }[] {
  return [partitioner, assembler, ...Object.values(taskrunner).map(({ logs }) => logs)].flat();
}

/** What the API says of the tasks must be what the tables hold. */
export async function checkTasks(
  platform: Platform,
  database: Database,
  job: WorkJob,
): Promise<string[]> {
  const { data } = await platform.call<{ data: ApiTask[] }>(
    'GET',
    `/v1/customer/jobs/${job.id}/tasks?limit=100`,
  );
  const rows = await database.rows<TaskRow>(
    `SELECT task.* FROM task JOIN job ON job.no = task.job WHERE job.id = ?
     ORDER BY task.kind, task.run, task.chunk`,
    job.id,
  );
  const problems: string[] = [];
  if (data.length !== rows.length) {
    problems.push(`${job.id}: the API lists ${data.length} tasks, there are ${rows.length}`);
  }
  for (const task of data) {
    const name = `${job.id}: ${task.kind} ${task.chunkNumber}`;
    // Of an engine's tasks, one for each run, the list has the earliest first, as the table has.
    const at = rows.findIndex((r) => r.kind === task.kind && r.chunk === task.chunkNumber);
    const [row] = at < 0 ? [] : rows.splice(at, 1);
    if (row === undefined) problems.push(`${name} is not in the table`);
    const state = STATES[row?.state ?? 'open'];
    if (task.state !== state) problems.push(`${name} is ${task.state}, not ${state}`);
    const { winner = null } = row ?? {};
    const attempts = task.attempts.map(({ attempt }) => attempt);
    if (attempts.some((attempt, i) => attempt !== i + 1) || (winner ?? 0) > attempts.length) {
      problems.push(`${name} has winner ${winner}, its attempts are ${attempts.join()}`);
    }
    const reasons = task.attempts.map(({ reason }) => reason);
    if (reasons.indexOf('') !== (winner === null ? -1 : reasons.length - 1)) {
      problems.push(`${name} has winner ${winner}, its attempts ended with ${reasons.join()}`);
    }
  }
  return problems;
}

/** Of tasks whose job has ended: what is open then is aborted. */
const STATES = {
  open: 'TASK_STATE_ABORTED',
  committed: 'TASK_STATE_COMPLETED',
  failed: 'TASK_STATE_FAILED',
};

interface ApiTask {
  kind: string;
  chunkNumber: number;
  state: string;
  attempts: { attempt: number; reason: string }[];
}
