/**
 * Changes as they happen. The table says that something changed; what is sent is its state now, so a
 * slow watcher gets fewer and newer messages, never an endless backlog.
 */
import { ApiError, type EventName } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import type { TaskKey } from '../../domain/task-id.ts';
import { findJobByNo } from '../../store/jobs.ts';
import { eventBounds, eventsAfter, type EventRow } from '../../store/records.ts';
import { findTaskRecord } from '../../store/task-list.ts';
import { requireWelcome } from '../auth/authenticate.ts';
import type { Caller } from '../auth/account.ts';
import { jobOf } from './draft.ts';
import { viewJob, type JobView } from './job-view.ts';
import type { TaskView } from './list-tasks.ts';
import { readLogPack, type TaskLine } from './read-logs.ts';

export type WatchedEvent =
  | { name: 'job.updated'; id: number; job: JobView }
  | { name: 'task.updated'; id: number; task: TaskView }
  | { name: 'log.appended'; id: number; jobId: string; jobUuid: string; line: TaskLine };

export interface WatchQuery {
  jobId: string | undefined;
  names: ReadonlySet<EventName>;
  /** Resume after this event; undefined begins with what comes next. */
  afterId: number | undefined;
}

const BATCH = 500;
/** Watchers of one job get at most this many rounds a second. */
const ROUND_MS = 250;

/** Events of an account, of one job when named; ends with the signal, or with the caller's key. */
export async function* watchEvents(
  ctx: Context,
  account: Caller,
  query: WatchQuery,
  signal: AbortSignal,
): AsyncGenerator<WatchedEvent | 'keep-alive'> {
  const job = query.jobId === undefined ? null : (await jobOf(ctx, account, query.jobId)).no;
  let afterId = await startId(ctx, query.afterId);
  let quietSince = ctx.now();
  while (!signal.aborted) {
    // A stream outlives the request that opened it, but not the right to.
    await requireWelcome(ctx, account);
    const rows = await eventsAfter(ctx.store.db, {
      account: account.id,
      afterId,
      job,
      limit: BATCH,
    });
    for (const event of await presentable(ctx, rows, query.names)) {
      yield event;
      quietSince = ctx.now();
    }
    afterId = rows.at(-1)?.id ?? afterId;
    if (rows.length === BATCH) continue;
    if (ctx.now() - quietSince >= KEEP_ALIVE_MS) {
      yield 'keep-alive';
      quietSince = ctx.now();
    }
    await ctx.signals.wait('event', 1000, signal);
    if (!signal.aborted) await pause(ROUND_MS, signal);
  }
}

const KEEP_ALIVE_MS = 15_000;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}

async function startId(ctx: Context, afterId: number | undefined): Promise<number> {
  const { first, last } = await eventBounds(ctx.store.db);
  if (afterId === undefined) return last;
  if (afterId < first - 1) {
    throw new ApiError(
      'OUT_OF_RANGE',
      'the event is too old: read the state again, then connect without an id',
    );
  }
  return afterId;
}

/** One message per job and per task in a round, the newest; every log line. */
async function presentable(
  ctx: Context,
  rows: readonly EventRow[],
  names: ReadonlySet<EventName>,
): Promise<WatchedEvent[]> {
  const latest = new Map<string, EventRow>();
  for (const row of rows) for (const key of keysOf(row)) latest.set(key, row);
  const events: WatchedEvent[] = [];
  for (const [key, row] of latest) {
    const [type] = key.split(' ');
    if (type === 'job' && names.has('job.updated')) events.push(...(await jobEvent(ctx, row)));
    if (type === 'task' && names.has('task.updated'))
      events.push(...(await taskEvent(ctx, row, key)));
    if (type === 'log' && names.has('log.appended')) events.push(...(await logEvents(ctx, row)));
  }
  return events.toSorted((a, b) => a.id - b.id);
}

/** What a row is about; a batch of tasks is about each of them. */
function keysOf(row: EventRow): string[] {
  if (row.type === 'job') return [`job ${row.job}`];
  if (row.type === 'log') return [`log ${row.id}`];
  const { kind, run, chunks } = JSON.parse(row.body) as Omit<TaskKey, 'chunk'> & {
    chunks: number[];
  };
  return chunks.map((chunk) => `task ${row.job} ${kind} ${run} ${chunk}`);
}

async function jobEvent(ctx: Context, row: EventRow): Promise<WatchedEvent[]> {
  const job = await findJobByNo(ctx.store.db, row.job);
  return job === undefined
    ? []
    : [{ name: 'job.updated', id: row.id, job: await viewJob(ctx, job) }];
}

async function taskEvent(ctx: Context, row: EventRow, key: string): Promise<WatchedEvent[]> {
  const job = await findJobByNo(ctx.store.db, row.job);
  if (job === undefined) return [];
  const [, , kind, run, chunk] = key.split(' ');
  const taskKey = { kind, run: Number(run), chunk: Number(chunk) } as TaskKey;
  const record = await findTaskRecord(ctx.store.db, row.job, taskKey);
  return record === undefined
    ? []
    : [{ name: 'task.updated', id: row.id, task: { ...record, job } }];
}

async function logEvents(ctx: Context, row: EventRow): Promise<WatchedEvent[]> {
  const job = await findJobByNo(ctx.store.db, row.job);
  if (job === undefined) return [];
  const { key } = JSON.parse(row.body) as { key: string };
  const lines = await readLogPack(ctx.blobs, key, await ctx.blobs.size(key));
  return lines.map((line) => ({
    name: 'log.appended' as const,
    id: row.id,
    jobId: job.id,
    jobUuid: job.uuid,
    line,
  }));
}
