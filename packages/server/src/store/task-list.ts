import type { TaskKind, TaskState } from '@bytenite/contract';
import { sql, type SqlBool } from 'kysely';
import { isTerminal } from '../domain/job-state.ts';
import type { TaskKey } from '../domain/task-id.ts';
import { liveLeases } from './leases.ts';
import type { Db } from './store.ts';
import type { AttemptRow, JobRow, LeaseRow, TaskRow } from './tables.ts';
import { endedAttempts, findTask } from './tasks.ts';

/** A task with its live attempts and those that ended without committing. */
export interface TaskRecord {
  task: TaskRow;
  leases: LeaseRow[];
  attempts: AttemptRow[];
}

/** Wire fields by which tasks can be sorted, as SQL. */
export const TASK_SORTS = {
  chunkNumber: 'chunk',
  createdAt: 'created_at',
  startedAt: 'started_at',
  completedAt: 'ended_at',
  state: 'wire_state',
  price: 'price',
  attempt: 'attempts',
  duration: 'duration',
} as const;
export type TaskSort = (typeof TASK_SORTS)[keyof typeof TASK_SORTS];

export interface TaskListQuery {
  states: readonly TaskState[] | null;
  kinds: readonly TaskKind[] | null;
  limit: number;
  offset: number;
  order: { column: TaskSort; descending: boolean };
}

/** Tasks of a job in wire states, which only the live leases and the job's own state know. */
export async function listTasks(
  db: Db,
  job: JobRow,
  query: TaskListQuery,
): Promise<{ records: TaskRecord[]; total: number }> {
  const openState = isTerminal(job.state) ? 'ABORTED' : 'SCHEDULED';
  const state = sql<string>`case task.state when 'committed' then 'COMPLETED' when 'failed' then 'FAILED'
    else coalesce((select case phase when 'STAGING_OUT' then 'RUNNING' else phase end from lease
      where lease.job = task.job and lease.chunk = task.chunk and lease.kind = task.kind
        and lease.run = task.run limit 1), ${openState}) end`;
  let select = db.selectFrom('task').where('job', '=', job.no);
  if (query.kinds !== null) select = select.where('kind', 'in', query.kinds);
  if (query.states !== null) {
    const states = sql.join(query.states.map((name) => sql`${name}`));
    select = select.where(sql<SqlBool>`${state} in (${states})`);
  }
  const direction = query.order.descending ? 'desc' : 'asc';
  const rows = await select
    .selectAll()
    .orderBy(sortExpression(query.order.column, state), direction)
    .orderBy('chunk')
    .orderBy('kind', 'desc')
    .orderBy('run')
    .limit(query.limit)
    .offset(query.offset)
    .execute();
  const { total } = await select
    .select((e) => e.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return { records: await withAttempts(db, job.no, rows), total };
}

function sortExpression(column: TaskSort, state: ReturnType<typeof sql<string>>) {
  if (column === 'wire_state') return state;
  if (column === 'duration') return sql`ended_at - started_at`;
  return sql.ref(column);
}

export async function findTaskRecord(
  db: Db,
  job: number,
  key: TaskKey,
): Promise<TaskRecord | undefined> {
  const task = await findTask(db, job, key);
  return task === undefined ? undefined : (await withAttempts(db, job, [task]))[0];
}

async function withAttempts(db: Db, job: number, tasks: readonly TaskRow[]): Promise<TaskRecord[]> {
  if (tasks.length === 0) return [];
  const chunks = [...new Set(tasks.map((task) => task.chunk))];
  const leases = await liveLeases(db, job, chunks);
  const attempts = await endedAttempts(db, job, tasks);
  const isOf = (task: TaskRow) => (row: { kind: TaskKind; run: number; chunk: number }) =>
    row.chunk === task.chunk && row.kind === task.kind && row.run === task.run;
  return tasks.map((task) => ({
    task,
    leases: leases.filter(isOf(task)),
    attempts: attempts.filter(isOf(task)),
  }));
}
