/** What rows of the event table tell, put together when it is sent and a bounded piece at a time. */
import type { EventName } from '@bytenite/contract';
import { BlobNotFound } from '../../blob/blob-store.ts';
import type { Context } from '../../context.ts';
import { eventIdOf, type EventPlace } from '../../domain/event-id.ts';
import type { TaskKey } from '../../domain/task-id.ts';
import { findJobByNo } from '../../store/jobs.ts';
import type { EventRow } from '../../store/records.ts';
import { findTaskRecord } from '../../store/task-list.ts';
import { viewJob, type JobView } from './job-view.ts';
import type { TaskView } from './list-tasks.ts';
import { parseLine, readWindows } from './log-packs.ts';
import type { TaskLine } from './read-logs.ts';

export type WatchedEvent =
  | { name: 'job.updated'; id: number; job: JobView }
  | { name: 'task.updated'; id: number; task: TaskView }
  | { name: 'log.appended'; id: number; jobId: string; jobUuid: string; line: TaskLine };

/** Lines are sent by this many bytes: so much of a pack waits for a slow watcher, besides what is being read. */
const PIECE_BYTES = 64 * 1024;

/** One message per job and per task, the newest; every log line behind the place. */
export async function* readEvents(
  ctx: Context,
  rows: readonly EventRow[],
  query: { names: ReadonlySet<EventName>; after: EventPlace },
): AsyncGenerator<WatchedEvent[]> {
  for (const subject of newestOf(rows)) {
    const { row, name, position } = subject;
    if (!query.names.has(name)) continue;
    const seen = row.id === query.after.row ? query.after.position : 0;
    if (name === 'log.appended') yield* lineEvents(ctx, row, seen);
    else if (position > seen) yield await stateEvent(ctx, subject);
  }
}

/** What one event is about, and its place in its row. */
interface Subject {
  row: EventRow;
  name: EventName;
  position: number;
  task: TaskKey | null;
}

function newestOf(rows: readonly EventRow[]): Subject[] {
  const newest = new Map<string, Subject>();
  for (const row of rows) for (const [key, subject] of subjectsOf(row)) newest.set(key, subject);
  return [...newest.values()].toSorted((a, b) => a.row.id - b.row.id || a.position - b.position);
}

/** A batch of tasks is about each of them. */
function subjectsOf(row: EventRow): [string, Subject][] {
  const one = { row, position: 1, task: null };
  if (row.type === 'job') return [[`job ${row.job}`, { ...one, name: 'job.updated' }]];
  if (row.type === 'log') return [[`log ${row.id}`, { ...one, name: 'log.appended' }]];
  const { kind, run, chunks } = JSON.parse(row.body) as Omit<TaskKey, 'chunk'> & {
    chunks: number[];
  };
  return chunks.map((chunk, i) => [
    `task ${row.job} ${kind} ${run} ${chunk}`,
    { row, position: i + 1, name: 'task.updated', task: { kind, run, chunk } },
  ]);
}

async function stateEvent(ctx: Context, { row, position, task }: Subject): Promise<WatchedEvent[]> {
  const id = eventIdOf({ row: row.id, position });
  const job = await findJobByNo(ctx.store.db, row.job);
  if (job === undefined) return [];
  if (task === null) return [{ name: 'job.updated', id, job: await viewJob(ctx, job) }];
  const record = await findTaskRecord(ctx.store.db, row.job, task);
  return record === undefined ? [] : [{ name: 'task.updated', id, task: { ...record, job } }];
}

/** The lines of a pack behind the first `seen`. */
async function* lineEvents(
  ctx: Context,
  row: EventRow,
  seen: number,
): AsyncGenerator<WatchedEvent[]> {
  const job = await findJobByNo(ctx.store.db, row.job);
  if (job === undefined) return;
  const of = { name: 'log.appended', jobId: job.id, jobUuid: job.uuid } as const;
  let position = 0;
  for await (const window of windowsOf(ctx, row)) {
    let piece: WatchedEvent[] = [];
    let size = 0;
    for (const { owner, bytes } of window) {
      position += 1;
      if (position <= seen) continue;
      const id = eventIdOf({ row: row.id, position });
      piece.push({ ...of, id, line: { ...parseLine(bytes), ...owner } });
      size += bytes.length;
      if (size < PIECE_BYTES) continue;
      yield piece;
      piece = [];
      size = 0;
    }
    if (piece.length > 0) yield piece;
  }
}

/** Empty where the job was deleted, also while its lines are being sent. */
async function* windowsOf(ctx: Context, row: EventRow): ReturnType<typeof readWindows> {
  const { key } = JSON.parse(row.body) as { key: string };
  try {
    yield* readWindows(ctx.blobs, { key, length: await ctx.blobs.size(key) });
  } catch (error) {
    if (!(error instanceof BlobNotFound)) throw error;
  }
}
