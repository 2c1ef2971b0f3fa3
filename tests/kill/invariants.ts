/**
 * The promises of the state model, checked on one moment of the database. `checkSnapshot` holds at any
 * moment, also of a database whose server has just been killed; the others when all jobs have ended or
 * while a server is up. Each returns what is wrong, in words.
 */
import { createHash } from 'node:crypto';
import { checkBook } from './book.ts';
import {
  taskName,
  type Database,
  type JobRow,
  type LeaseRow,
  type Snapshot,
  type TaskKey,
  type TaskRow,
} from './database.ts';

const STATES = [
  'NEW',
  'STARTED',
  'UPLOADING',
  'PARTITIONING',
  'PARTITIONED',
  'TASKS_COMPLETED',
  'MERGING',
  'MERGED',
  'DOWNLOADING',
  'COMPLETE',
];
const STEP_OF_STATE: Readonly<Record<string, string>> = {
  STARTED: 'source',
  UPLOADING: 'source',
  TASKS_COMPLETED: 'collect',
  MERGED: 'deliver',
  DOWNLOADING: 'deliver',
};
const CLAIMED_IN: Readonly<Record<string, TaskKey['kind']>> = {
  PARTITIONING: 'PARTITIONER',
  PARTITIONED: 'APP',
  MERGING: 'ASSEMBLER',
};

export function isTerminal(state: string): boolean {
  return state === 'COMPLETE' || state === 'FAILED';
}

/** A snapshot with its rows by job. */
interface JobRows {
  job: JobRow;
  tasks: TaskRow[];
  leases: LeaseRow[];
  attempts: Snapshot['attempts'];
  ready: Snapshot['ready'];
  steps: Snapshot['steps'];
  events: Snapshot['events'];
}

export function checkSnapshot(snapshot: Snapshot): string[] {
  const ofJobs = snapshot.jobs.flatMap((job) => {
    const of = <T extends { job: number }>(rows: T[]) => rows.filter((row) => row.job === job.no);
    const rows: JobRows = {
      job,
      tasks: of(snapshot.tasks),
      leases: of(snapshot.leases),
      attempts: of(snapshot.attempts),
      ready: of(snapshot.ready),
      steps: of(snapshot.steps),
      events: of(snapshot.events),
    };
    const checks = [countersAreARecount, oneEndPerTask, oneFence, somethingMovesIt, history];
    return checks.flatMap((check) => check(rows)).map((what) => `job ${job.id}: ${what}`);
  });
  return [...ofJobs, ...checkBook(snapshot)];
}

/** Counters equal a recount of the rows. */
function countersAreARecount({ job, tasks }: JobRows): string[] {
  const apps = tasks.filter((task) => task.kind === 'APP');
  const counts = {
    committed: apps.filter((task) => task.state === 'committed').length,
    failed: apps.filter((task) => task.state === 'failed').length,
    // What the end of a run cuts off is priced on the job alone.
    ...(job.state !== 'FAILED' &&
      job.run === 1 && { price: tasks.reduce((sum, task) => sum + task.price, 0) }),
    ...(STATES.indexOf(job.state) >= STATES.indexOf('PARTITIONED') && { num_chunks: apps.length }),
  };
  return Object.entries(counts)
    .filter(([name, count]) => job[name as keyof typeof counts] !== count)
    .map(
      ([name, count]) => `${name} is ${job[name as keyof typeof counts]}, the rows say ${count}`,
    );
}

/** A chunk ends in exactly one way, by exactly one attempt, and its other attempts are all on record. */
function oneEndPerTask({ job, tasks, attempts, leases, ready }: JobRows): string[] {
  return tasks.flatMap((task) => {
    const name = taskName(task);
    const problems: string[] = [];
    const isCommitted = task.state === 'committed';
    if (isCommitted !== (task.winner !== null)) {
      problems.push(`${name} is ${task.state} with winner ${task.winner}`);
    }
    if (isCommitted && (task.result_key === null || task.result_sha === null)) {
      problems.push(`${name} is committed without a result`);
    }
    const ended = attempts.filter((row) => taskName(row) === name).map((row) => row.attempt);
    if (task.winner !== null && ended.includes(task.winner)) {
      problems.push(
        `${name} was won by attempt ${task.winner}, which is recorded as not committed`,
      );
    }
    const live = [...leases, ...ready].filter((row) => taskName(row) === name);
    const isUntried = task.kind === 'APP' && task.state === 'open' && job.state === 'PARTITIONED';
    const expected = task.winner ?? live[0]?.attempt ?? (isUntried ? 1 : null);
    if (expected !== null && !isRange(ended, expected - 1)) {
      problems.push(
        `${name} is at attempt ${expected}, ended before are ${ended.join() || 'none'}`,
      );
    }
    return problems;
  });
}

/** 1..last, in order, without a gap. */
function isRange(numbers: readonly number[], last: number): boolean {
  return numbers.length === last && numbers.every((number, i) => number === i + 1);
}

/** No two live leases of one task; nothing of an ended job or task is live. */
function oneFence({ job, tasks, leases, ready, steps }: JobRows): string[] {
  const problems: string[] = [];
  const open = new Set(tasks.filter((t) => t.state === 'open').map((task) => taskName(task)));
  const seen = new Set<string>();
  for (const [what, rows] of [
    ['lease', leases],
    ['ready row', ready],
  ] as const) {
    for (const row of rows) {
      const name = taskName(row);
      if (seen.has(name)) problems.push(`${name} has two fences, one of them a ${what}`);
      seen.add(name);
      if (!open.has(name)) problems.push(`${name} has a ${what} but is not open`);
      if (isTerminal(job.state)) problems.push(`it is ${job.state} but ${name} has a ${what}`);
    }
  }
  if (isTerminal(job.state)) {
    for (const { name } of steps) problems.push(`it is ${job.state} but has a step ${name}`);
  }
  return problems;
}

/** A job that has started always has the row that makes it go on. */
function somethingMovesIt({ job, tasks, leases, ready, steps }: JobRows): string[] {
  const step = STEP_OF_STATE[job.state];
  const names = steps.map(({ name }) => name);
  if (step !== undefined) {
    return names.join() === step ? [] : [`it is ${job.state} with steps [${names.join()}]`];
  }
  const kind = CLAIMED_IN[job.state];
  if (kind === undefined) return [];
  const waits = new Set([...leases, ...ready].map((row) => taskName(row)));
  const run = kind === 'APP' ? 0 : job.run;
  const open = tasks.filter(
    (task) => task.kind === kind && task.run === run && task.state === 'open',
  );
  const stuck = open.filter((task) => {
    const isUnclaimed = kind === 'APP' && task.chunk >= job.cursor;
    return isUnclaimed === waits.has(taskName(task));
  });
  const problems = stuck.map(
    (task) => `${taskName(task)} is open, cursor ${job.cursor}, and has
    ${waits.has(taskName(task)) ? 'a lease or ready row too early' : 'neither lease nor ready row'}`,
  );
  if (open.length === 0 && names.length === 0) problems.push(`nothing moves it from ${job.state}`);
  // Chunks are recorded while the job is still PARTITIONING.
  if (names.length > 0 && names.join() !== 'chunks') problems.push(`steps [${names.join()}]`);
  return problems;
}

interface TaskEvent {
  kind: string;
  run: number;
  chunks: number[];
  committed?: boolean;
}

interface JobEvent {
  state: string;
  run: number;
}

/** The event log: in each run every state once and in order, every result committed once. */
function history({ job, tasks, events }: JobRows): string[] {
  const problems: string[] = [];
  const states = events
    .filter(({ type }) => type === 'job')
    .map(({ body }) => JSON.parse(body) as JobEvent)
    .filter(({ state }, i, all) => !(state === 'NEW' && all[i - 1]?.state === 'NEW'));
  if (states.some(({ run }, i) => run < (states[i - 1]?.run ?? 1))) {
    problems.push('a run went on after the next one had begun');
  }
  for (let run = 1; run <= job.run; run++) {
    const ofRun = states.filter((event) => event.run === run).map(({ state }) => state);
    problems.push(...historyOfRun(job, run, ofRun));
  }
  const commits = new Map<string, number>();
  for (const { type, body } of events) {
    if (type !== 'task') continue;
    const { kind, run, chunks, committed } = JSON.parse(body) as TaskEvent;
    if (committed !== true) continue;
    for (const chunk of chunks) {
      const name = `${job.no}/${kind}/${run}/${chunk}`;
      commits.set(name, (commits.get(name) ?? 0) + 1);
    }
  }
  for (const task of tasks) {
    const count = commits.get(taskName(task)) ?? 0;
    if (count === (task.state === 'committed' ? 1 : 0)) continue;
    problems.push(`${taskName(task)} is ${task.state} and was committed ${count} times`);
  }
  return problems;
}

/** A first run begins as a draft; a later one where its chunks are, or anew. */
function historyOfRun(job: JobRow, run: number, states: readonly string[]): string[] {
  const first = STATES.indexOf(states[0] ?? '');
  const last = states.at(-1) ?? '';
  const problems: string[] = [];
  const begins = run === 1 ? ['NEW'] : ['STARTED', 'PARTITIONED'];
  if (!begins.includes(states[0] ?? '')) problems.push(`run ${run} began in ${states[0]}`);
  if (run < job.run ? !isTerminal(last) : last !== job.state) {
    problems.push(`run ${run} of ${job.run} ended in ${last}, the job is ${job.state}`);
  }
  const passed = last === 'FAILED' ? states.slice(0, -1) : states;
  if (passed.join() !== STATES.slice(first, first + passed.length).join()) {
    problems.push(`run ${run} is ${last} after ${states.join()}`);
  }
  return problems;
}

/** All jobs have ended, and nothing is left. */
export function checkNothingLeft(snapshot: Snapshot): string[] {
  const problems: string[] = [];
  for (const [what, rows] of [
    ['lease', snapshot.leases],
    ['ready', snapshot.ready],
  ] as const) {
    for (const row of rows) problems.push(`a ${what} row of ${taskName(row)} is left`);
  }
  for (const step of snapshot.steps) problems.push(`step ${step.name} of job ${step.job} is left`);
  return problems;
}

/** Leases that ran out so long ago that the server should have ended them. */
export function checkForgotten(snapshot: Snapshot, patienceMs: number): string[] {
  return snapshot.leases
    .filter((lease) => lease.deadline_at < snapshot.at - patienceMs)
    .map((lease) => {
      const since = snapshot.at - lease.deadline_at;
      return `the lease of ${taskName(lease)} (attempt ${lease.attempt}) ran out ${since} ms ago and is still there`;
    });
}

/** Every committed result can be read and is what was committed. */
export async function checkResults(database: Database, snapshot: Snapshot): Promise<string[]> {
  const problems: string[] = [];
  for (const task of snapshot.tasks) {
    if (task.result_key === null) continue;
    const range = { offset: task.result_offset, length: task.result_length };
    try {
      const bytes = await database.readBlob(task.result_key, range);
      const sha = createHash('sha256').update(bytes).digest('base64url');
      if (sha !== task.result_sha || bytes.byteLength !== task.result_length) {
        problems.push(
          `the result of ${taskName(task)} has ${bytes.byteLength} bytes of hash ${sha}`,
        );
      }
    } catch (error) {
      problems.push(`the result of ${taskName(task)} cannot be read: ${String(error)}`);
    }
  }
  return problems;
}
