/** Rows for tests of the statements, each with what it must have and nothing more. */
import type { JobState, TaskKind } from '@bytenite/contract';
import type { Insertable } from 'kysely';
import type { JobDoc } from '../domain/job-doc.ts';
import { EMPTY_ACCOUNT_DOC, insertAccount } from '../store/accounts.ts';
import { insertJob } from '../store/jobs.ts';
import { insertLeases } from '../store/leases.ts';
import type { Store } from '../store/store.ts';
import type { JobRow, JobTable, NewLease, TaskRow } from '../store/tables.ts';
import { findTask, insertTasks, type ResultPatch } from '../store/tasks.ts';

/** The time at which the tests' rows are made. */
export const T0 = 1_800_000_000_000;

let last = 0;
/** A name that no other test has. */
export function unique(name: string): string {
  last += 1;
  return `${name}-${last}`;
}

export const EMPTY_DOC: JobDoc = {
  description: '',
  tags: { app: 'app', partitioner: null, assembler: null },
  template: null,
  templateParams: { app: null, partitioner: null, assembler: null },
  config: {},
  dataSource: null,
  dataDestination: null,
  params: { app: null, partitioner: null, assembler: null },
  pinned: null,
};

export async function addAccount(store: Store): Promise<string> {
  const id = unique('account');
  const row = { id, user_name: id, role: 'ROLE_ADMIN', disabled: 0, last_login_at: null };
  const doc = JSON.stringify(EMPTY_ACCOUNT_DOC);
  await store.transact((tx) => insertAccount(tx, { ...row, doc, created_at: T0 }));
  return id;
}

/** A job in a state, with whatever its row should say beside it. */
export async function addJob(
  store: Store,
  account: string,
  state: JobState = 'NEW',
  patch: Partial<Insertable<JobTable>> = {},
  doc: JobDoc = EMPTY_DOC,
): Promise<JobRow> {
  const id = unique('job');
  const row: Insertable<JobTable> = {
    id,
    uuid: id,
    account,
    template_id: '',
    name: id,
    state,
    run: 1,
    num_chunks: 0,
    cursor: 0,
    committed: 0,
    failed: 0,
    price: 0,
    data_state: 'kept',
    deliver_after: 0,
    failure_reason: 'NONE',
    error_message: '',
    state_times: '{}',
    created_at: T0,
    submitted_at: null,
    started_at: null,
    ended_at: null,
    deadline_at: null,
    ...patch,
  };
  return store.transact((tx) => insertJob(tx, row, doc));
}

/** Open APP tasks `0..count-1` with a source each. */
export async function addChunks(store: Store, job: number, count: number): Promise<void> {
  const key = `job/${job}/data/source`;
  const tasks = Array.from({ length: count }, (_, chunk) => {
    return { chunk, name: `data_${chunk}.bin`, key, offset: chunk * 10, length: 10 };
  });
  const added = { job, kind: 'APP', run: 0, createdAt: T0, tasks } as const;
  await store.transact((tx) => insertTasks(tx, store.dialect, added));
}

export async function taskOf(
  store: Store,
  job: number,
  chunk: number,
  kind: TaskKind = 'APP',
): Promise<TaskRow> {
  const task = await findTask(store.db, job, { kind, run: kind === 'APP' ? 0 : 1, chunk });
  if (task === undefined) throw new Error(`no ${kind} task ${chunk} of job ${job}`);
  return task;
}

/** A lease of an APP task. */
export function leaseOf(job: number, chunk: number, patch: Partial<NewLease> = {}): NewLease {
  return {
    id: unique('lease'),
    job,
    kind: 'APP',
    run: 0,
    chunk,
    attempt: 1,
    runner: 'runner',
    incarnation: 'first',
    account: 'account',
    phase: 'ASSIGNED',
    cpus: 1,
    memory_bytes: 1024,
    assigned_at: T0,
    received_at: null,
    started_at: null,
    deadline_at: T0 + 1000,
    limit_at: null,
    raised_bytes: 0,
    alone: 0,
    ...patch,
  };
}

export async function addLease(
  store: Store,
  job: number,
  chunk: number,
  patch: Partial<NewLease> = {},
): Promise<string> {
  const lease = leaseOf(job, chunk, patch);
  await store.transact((tx) => insertLeases(tx, [lease]));
  return lease.id;
}

/** What a commit of an APP task's first attempt records. */
export function resultOf(
  job: number,
  chunk: number,
  patch: Partial<ResultPatch> = {},
): ResultPatch {
  return {
    job,
    kind: 'APP',
    run: 0,
    chunk,
    result_key: `job/${job}/data/packs/1`,
    result_offset: chunk * 100,
    result_length: 100,
    result_sha: `sha-${chunk}`,
    winner: 1,
    runner: 'runner',
    assigned_at: T0,
    received_at: T0 + 1,
    started_at: T0 + 2,
    ended_at: T0 + 3,
    price: 7,
    stats: null,
    ...patch,
  };
}
