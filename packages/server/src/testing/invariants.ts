/**
 * What must be true of the tables and blobs at any moment between transactions, also after a kill.
 * Counters equal a recount; whatever is not ended has something that will move it on.
 */
import { createHash } from 'node:crypto';
import { decodeBundle, JOB_STATES, type JobState } from '@bytenite/contract';
import type { BlobStore } from '../blob/blob-store.ts';
import { effectiveConfig } from '../domain/job-doc.ts';
import { isRunning, isTerminal, kindClaimedIn } from '../domain/job-state.ts';
import { priceOf } from '../domain/price.ts';
import { isFree, MAX_LOSSES } from '../domain/task-end.ts';
import { runOf } from '../domain/task-run.ts';
import { toleratedOf } from '../domain/tolerance.ts';
import { COMPONENT_OF_KIND } from '../engine/job-policy.ts';
import { readJobDoc } from '../store/jobs.ts';
import type { Store } from '../store/store.ts';
import type { AttemptRow, JobRow, LeaseRow, ReadyRow, StepRow, TaskRow } from '../store/tables.ts';
import { findBookProblems } from './ledger-invariants.ts';

export interface Stored {
  store: Store;
  blobs: BlobStore;
}

/** Throws with all that is wrong. */
export async function assertInvariants(stored: Stored): Promise<void> {
  const problems = await findProblems(stored);
  if (problems.length > 0) throw new Error(`invariants broken:\n${problems.join('\n')}`);
}

/** For `afterEach`: whatever a test did, what must be true is true. */
export async function checkAndDispose(
  ctx: Stored & { dispose: () => Promise<void> },
): Promise<void> {
  try {
    await assertInvariants(ctx);
  } finally {
    await ctx.dispose();
  }
}

/** Everything of one job, and where to say what is wrong with it. */
interface View extends Stored {
  job: JobRow;
  tasks: TaskRow[];
  attempts: AttemptRow[];
  leases: LeaseRow[];
  ready: ReadyRow[];
  steps: StepRow[];
  say: (problem: string) => void;
}

export async function findProblems({ store, blobs }: Stored): Promise<string[]> {
  const problems: string[] = [];
  const { db } = store;
  const jobs = await db.selectFrom('job').selectAll().execute();
  const all = {
    task: await db.selectFrom('task').selectAll().execute(),
    attempt: await db.selectFrom('attempt').selectAll().execute(),
    lease: await db.selectFrom('lease').selectAll().execute(),
    ready: await db.selectFrom('ready').selectAll().execute(),
    step: await db.selectFrom('step').selectAll().execute(),
  };
  const known = new Set(jobs.map((job) => job.no));
  for (const table of ['lease', 'ready', 'step'] as const) {
    for (const { job } of all[table]) {
      if (!known.has(job)) problems.push(`${table} of job ${job}, which is gone`);
    }
  }
  for (const job of jobs) {
    const ofJob = <T extends { job: number }>(rows: T[]) =>
      rows.filter((row) => row.job === job.no);
    const view: View = {
      store,
      blobs,
      job,
      tasks: ofJob(all.task),
      attempts: ofJob(all.attempt),
      leases: ofJob(all.lease),
      ready: ofJob(all.ready),
      steps: ofJob(all.step),
      say: (problem) => problems.push(`job ${job.no} (${job.state}): ${problem}`),
    };
    checkJob(view);
    checkCounters(view);
    checkProgress(view);
    for (const task of view.tasks) checkTask(view, task);
    await checkPolicy(view);
    await checkResults(view);
  }
  await checkGarbage(store, blobs, known, problems);
  problems.push(...(await findBookProblems(store, jobs)));
  return problems;
}

function checkJob({ job, say }: View): void {
  const times = JSON.parse(job.state_times) as Partial<Record<JobState, number>>;
  const entered = JOB_STATES.filter((state) => times[state] !== undefined);
  if (times[job.state] === undefined) say('has no time of its state');
  const passed = entered.filter((state) => state !== 'FAILED');
  if (passed.some((state, i) => state !== JOB_STATES[i])) say(`passed through ${passed.join(' ')}`);
  const at = entered.map((state) => times[state] ?? 0);
  if (at.some((time, i) => time < (at[i - 1] ?? 0))) say('its state times run backwards');
  if ((job.ended_at !== null) !== isTerminal(job.state)) say(`ended_at is ${job.ended_at}`);
  if ((job.failure_reason !== 'NONE') !== (job.state === 'FAILED')) {
    say(`its failure reason is ${job.failure_reason}`);
  }
}

function checkCounters({ job, tasks, say }: View): void {
  const chunks = tasks.filter((task) => task.kind === 'APP');
  const count = (state: TaskRow['state']) => chunks.filter((task) => task.state === state).length;
  if (job.committed !== count('committed')) {
    say(`counts ${job.committed} committed, there are ${count('committed')}`);
  }
  if (job.failed !== count('failed'))
    say(`counts ${job.failed} failed, there are ${count('failed')}`);
  const isPartitioned = 'PARTITIONED' in (JSON.parse(job.state_times) as object);
  if (!isPartitioned) return;
  const numbers = chunks.map((task) => task.chunk).toSorted((a, b) => a - b);
  if (numbers.length !== job.num_chunks || numbers.some((chunk, i) => chunk !== i)) {
    say(`has ${job.num_chunks} chunks, there are ${numbers.length}`);
  }
  if (job.cursor < 0 || job.cursor > job.num_chunks) say(`its cursor is at ${job.cursor}`);
}

/** What each state waits for; a job without it would wait for ever. */
function checkProgress(view: View): void {
  const { job, leases, ready, steps, say } = view;
  if (!isRunning(job.state)) {
    const left = [leases, ready, steps].flat();
    if (left.length > 0) say(`has ${left.length} leases, ready rows and steps left`);
    return;
  }
  if (steps.length > 1) say(`has steps ${steps.map((step) => step.name).join(' ')}`);
  if (steps.some((step) => step.run !== job.run)) say('has a step of another run');
  const moves = movesOf(view);
  if (moves === 0) say('nothing will move it on');
}

const STEP_OF_STATE: Partial<Record<JobState, string>> = {
  STARTED: 'source',
  UPLOADING: 'source',
  PARTITIONING: 'chunks',
  TASKS_COMPLETED: 'collect',
  MERGED: 'deliver',
  DOWNLOADING: 'deliver',
};

function movesOf({ job, leases, ready, steps }: View): number {
  const kind = kindClaimedIn(job.state);
  const isNow = (row: { kind: string; run: number }) =>
    kind !== null && row.kind === kind && row.run === runOf(job, kind);
  return (
    steps.filter((step) => step.name === STEP_OF_STATE[job.state]).length +
    leases.filter(isNow).length +
    ready.filter(isNow).length +
    (job.state === 'PARTITIONED' && job.cursor < job.num_chunks ? 1 : 0)
  );
}

function checkTask({ job, attempts, leases, ready, say }: View, task: TaskRow): void {
  const isOf = (row: { kind: string; run: number; chunk: number }) =>
    row.kind === task.kind && row.run === task.run && row.chunk === task.chunk;
  const name = `${task.kind} ${task.run}/${task.chunk}`;
  const held = leases.filter(isOf);
  const waits = ready.filter(isOf);
  const untouched = task.kind === 'APP' && job.state === 'PARTITIONED' && task.chunk >= job.cursor;
  const places = held.length + waits.length + (untouched ? 1 : 0);
  const isAwaited = kindClaimedIn(job.state) === task.kind && task.run === runOf(job, task.kind);
  const wanted = task.state === 'open' && isAwaited ? 1 : 0;
  // A second attempt is on another runner.
  const isDoubled = held.length === 2 && held[0]?.runner !== held[1]?.runner;
  if (places !== wanted && !(isDoubled && places === 2 && wanted === 1)) {
    say(
      `${name} (${task.state}): ${held.length} leases, ${waits.length} ready, cursor ${job.cursor}`,
    );
  }
  const isCommitted = task.state === 'committed';
  if ((task.winner !== null) !== isCommitted || (task.result_key !== null) !== isCommitted) {
    say(`${name} (${task.state}): winner ${task.winner}, result ${task.result_key}`);
  }
  const ended = attempts.filter(isOf);
  if (ended.some((attempt) => attempt.attempt === task.winner))
    say(`${name}: its winner ended too`);
  const numbers = [...ended, ...held, ...waits].map((row) => row.attempt);
  if (task.winner !== null) numbers.push(task.winner);
  if (numbers.toSorted((a, b) => a - b).some((number, i) => number !== i + 1)) {
    say(`${name}: its attempts are ${numbers.join(' ')}`);
  }
}

/** What the job's own config and components say: retries, losses, failures, prices. */
async function checkPolicy({ store, job, tasks, attempts, say }: View): Promise<void> {
  const doc = await readJobDoc(store.db, job.no);
  const { maxTaskRetries, isTestJob, toleratedFailures } = effectiveConfig(doc);
  const tolerated = toleratedOf(toleratedFailures, job.num_chunks);
  if (job.failed > tolerated && job.state !== 'FAILED') {
    say(`goes on with ${job.failed} failed chunks, ${tolerated} are tolerated`);
  }
  for (const { kind, chunk, retries, losses } of tasks) {
    if (retries > maxTaskRetries) say(`${kind} ${chunk}: ${retries} of ${maxTaskRetries} retries`);
    if (losses > MAX_LOSSES + 1) say(`${kind} ${chunk}: lost ${losses} times`);
  }
  const paid = [
    ...tasks.filter((task) => task.state === 'committed'),
    ...attempts.filter((attempt) => !isFree(attempt.reason) && attempt.reason !== 'SUPERSEDED'),
  ];
  const price = paid.reduce((sum, { kind, started_at: start, ended_at: end }) => {
    const component = doc.pinned?.[COMPONENT_OF_KIND[kind]];
    if (component == null || start === null || end === null || isTestJob) return sum;
    return sum + priceOf(component.cpus, component.memoryGiB, end - start);
  }, 0);
  if (job.price !== price) say(`costs ${job.price}, its attempts cost ${price}`);
}

async function checkResults({ store, blobs, job, tasks, say }: View): Promise<void> {
  if (job.data_state === 'expired') return;
  for (const task of tasks) {
    if (task.state !== 'committed' || task.result_key === null) continue;
    const name = `${task.kind} ${task.run}/${task.chunk}`;
    const range = { offset: task.result_offset, length: task.result_length };
    try {
      const bytes = await blobs.read(task.result_key, range);
      if (hashOf(bytes) !== task.result_sha) say(`${name}: its result has another digest`);
      for (const { path, offset, size, sha256 } of decodeBundle(bytes)) {
        const file = bytes.subarray(offset, offset + size);
        if (hashOf(file) !== sha256) say(`${name}: ${path} has another digest`);
      }
    } catch (error) {
      say(`${name}: its result cannot be read: ${String(error)}`);
    }
  }
  const outputs = await store.db
    .selectFrom('output')
    .selectAll()
    .where('job', '=', job.no)
    .execute();
  for (const { path, key, offset, length } of outputs) {
    await blobs
      .read(key, { offset, length })
      .catch((error: unknown) => say(`output ${path} cannot be read: ${String(error)}`));
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

/** Blobs of jobs that are gone must be named as garbage, or they would stay for ever. */
async function checkGarbage(
  store: Store,
  blobs: BlobStore,
  known: ReadonlySet<number>,
  problems: string[],
): Promise<void> {
  const garbage = await store.db.selectFrom('gc').select('prefix').execute();
  const named = new Set(garbage.map(({ prefix }) => prefix));
  const orphans = new Set<string>();
  for await (const key of blobs.list('job')) {
    const prefix = key.split('/').slice(0, 2).join('/');
    const no = Number(prefix.split('/')[1]);
    if (!known.has(no) && !named.has(prefix)) orphans.add(prefix);
  }
  for (const prefix of orphans) problems.push(`blobs below ${prefix}, whose job is gone`);
}
