import { TASK_KINDS, type TaskKind, type TaskState } from '@bytenite/contract';
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import { isTerminal } from '../domain/job-state.ts';
import type { TaskKey } from '../domain/task-id.ts';
import { directionOf, totalOf } from './filters.ts';
import { liveLeases } from './leases.ts';
import type { Db, Store } from './store.ts';
import type { AttemptRow, JobRow, LeaseRow, TaskRow } from './tables.ts';
import { endedAttempts, findTasks } from './tasks.ts';

/** A task with its live attempts and those that ended without committing. */
export interface TaskRecord {
  task: TaskRow;
  leases: LeaseRow[];
  attempts: AttemptRow[];
}

interface TaskScope {
  job: JobRow;
  now: number;
}

interface TaskOrderField {
  canBeUnset: boolean;
  /** Null: the place in the job, which is the order that tasks are stored in. */
  value: ((scope: TaskScope) => RawBuilder<unknown>) | null;
}

/** What tasks can be ordered by, as replies show it. */
export const TASK_ORDERS = {
  chunkNumber: { canBeUnset: false, value: null },
  createdAt: { canBeUnset: false, value: () => sql.ref('task.created_at') },
  startedAt: { canBeUnset: true, value: startOf },
  completedAt: { canBeUnset: true, value: endOf },
  state: { canBeUnset: false, value: stateOf },
  price: { canBeUnset: false, value: () => sql.ref('task.price') },
  attempt: { canBeUnset: false, value: (scope) => ofLease(scope, 'attempt', 'attempts') },
  duration: {
    canBeUnset: true,
    value: (scope) => sql`coalesce(${endOf(scope)}, ${scope.now}) - ${startOf(scope)}`,
  },
} as const satisfies Record<string, TaskOrderField>;

export interface TaskListQuery {
  states: readonly TaskState[] | null;
  kinds: readonly TaskKind[] | null;
  limit: number;
  offset: number;
  /** Tasks of equal value come in the order of their ids: by kind, run, chunk. */
  order: { field: TaskOrderField; descending: boolean };
  now: number;
}

interface TaskPage {
  keys: TaskKey[];
  total: number;
}

/** A page of a job's tasks, and how many there are. */
export async function listTasks(
  store: Pick<Store, 'db' | 'reads'>,
  job: JobRow,
  query: TaskListQuery,
): Promise<{ records: TaskRecord[]; total: number }> {
  const isPlain = query.order.field.value === null && query.states === null;
  const { keys, total } = isPlain
    ? await pageInPlace(store.db, job, query)
    : await pageOfAll(store.reads, job, query);
  return { records: await recordsOf(store.db, job.no, keys), total };
}

/**
 * A page by place, which looks at no other task: chunks are numbered without gaps, and beside them there
 * are a few engine tasks, which all have the number 0.
 */
async function pageInPlace(db: Db, job: JobRow, query: TaskListQuery): Promise<TaskPage> {
  const wants = (kind: TaskKind) => query.kinds === null || query.kinds.includes(kind);
  const chunks = wants('APP') ? await countChunks(db, job.no) : 0;
  const first: TaskKey[] = [];
  for (const kind of TASK_KINDS.filter(wants)) {
    if (kind !== 'APP') first.push(...(await engineTasks(db, job.no, kind)));
    else if (chunks > 0) first.push(appTask(0));
  }
  const total = first.length + Math.max(0, chunks - 1);
  const from = Math.min(query.offset, total);
  const places = Array.from({ length: Math.min(query.limit, total - from) }, (_, i) =>
    query.order.descending ? total - 1 - from - i : from + i,
  );
  const keys = places.map((place) => first[place] ?? appTask(place - first.length + 1));
  return { keys, total };
}

function appTask(chunk: number): TaskKey {
  return { kind: 'APP', run: 0, chunk };
}

async function countChunks(db: Db, job: number): Promise<number> {
  const last = await db
    .selectFrom('task')
    .select((e) => e.fn.max('chunk').as('chunk'))
    .where('job', '=', job)
    .where('kind', '=', 'APP')
    .where('run', '=', 0)
    .executeTakeFirst();
  return last?.chunk == null ? 0 : last.chunk + 1;
}

function engineTasks(db: Db, job: number, kind: TaskKind): Promise<TaskKey[]> {
  return db
    .selectFrom('task')
    .select(['kind', 'run', 'chunk'])
    .where('job', '=', job)
    .where('kind', '=', kind)
    .orderBy('run')
    .execute();
}

/** A page of what has to be looked through as a whole. */
async function pageOfAll(reads: Db, job: JobRow, query: TaskListQuery): Promise<TaskPage> {
  const scope = { job, now: query.now };
  let select = reads.selectFrom('task').where('task.job', '=', job.no);
  if (query.kinds !== null) select = select.where('task.kind', 'in', query.kinds);
  if (query.states !== null) {
    const states = sql.join([...query.states]);
    select = select.where(sql<SqlBool>`${stateOf(scope)} in (${states})`);
  }
  const { field, descending } = query.order;
  const direction = descending ? 'desc' : 'asc';
  const value = field.value?.(scope) ?? sql.ref('task.chunk');
  const keys = await select
    .select(['task.kind', 'task.run', 'task.chunk'])
    .orderBy(value, directionOf(descending, field.canBeUnset))
    .orderBy(sql`case task.kind when 'PARTITIONER' then 0 when 'APP' then 1 else 2 end`, direction)
    .orderBy('task.run', direction)
    .orderBy('task.chunk', direction)
    .limit(query.limit)
    .offset(query.offset)
    .execute();
  const count = select.select((e) => e.fn.countAll<number>().as('n'));
  return {
    keys,
    total: await totalOf(query, keys.length, () => count.executeTakeFirstOrThrow()),
  };
}

/** A column of an open task's live attempt, else of the task itself. */
function ofLease(
  { job }: TaskScope,
  column: 'attempt' | 'started_at',
  ofTask: 'attempts' | 'started_at',
): RawBuilder<unknown> {
  const own = sql.ref(`task.${ofTask}`);
  if (isTerminal(job.state)) return own;
  return sql`case when task.state = 'open' and exists (select 1 ${ITS_LEASE})
    then (select ${sql.ref(`lease.${column}`)} ${ITS_LEASE} ${FIRST}) else ${own} end`;
}

const ITS_LEASE = sql`from lease where lease.job = task.job and lease.chunk = task.chunk
  and lease.kind = task.kind and lease.run = task.run`;
const FIRST = sql`order by lease.attempt limit 1`;

function startOf(scope: TaskScope): RawBuilder<unknown> {
  return ofLease(scope, 'started_at', 'started_at');
}

/** An open task of an ended job ended with it; when an earlier run of it ended is not known any more. */
function endOf({ job }: TaskScope): RawBuilder<unknown> {
  const end = isTerminal(job.state) ? job.ended_at : null;
  return sql`case when task.state = 'open' and task.run in (0, ${job.run})
    then cast(${end} as bigint) else task.ended_at end`;
}

/** The wire's state, which only the live leases and the job's own state know. */
function stateOf({ job }: TaskScope): RawBuilder<unknown> {
  const open = isTerminal(job.state)
    ? sql`'ABORTED'`
    : sql`case when task.run not in (0, ${job.run}) then 'ABORTED' else
        coalesce((select case phase when 'STAGING_OUT' then 'RUNNING' else phase end
        ${ITS_LEASE} ${FIRST}), 'SCHEDULED') end`;
  return sql`case task.state when 'committed' then 'COMPLETED' when 'failed' then 'FAILED'
    else ${open} end`;
}

export async function findTaskRecord(
  db: Db,
  job: number,
  key: TaskKey,
): Promise<TaskRecord | undefined> {
  return (await recordsOf(db, job, [key]))[0];
}

/** Tasks by their keys, in that order, with what is known of their attempts. */
async function recordsOf(db: Db, job: number, keys: readonly TaskKey[]): Promise<TaskRecord[]> {
  if (keys.length === 0) return [];
  const chunks = [...new Set(keys.map(({ chunk }) => chunk))];
  const tasks = new Map((await findTasks(db, job, keys)).map((task) => [nameOf(task), task]));
  const leases = await liveLeases(db, job, chunks);
  const attempts = await endedAttempts(db, job, keys);
  return keys.flatMap((key) => {
    const isOfTask = (row: TaskKey) =>
      row.chunk === key.chunk && row.kind === key.kind && row.run === key.run;
    const task = tasks.get(nameOf(key));
    return task === undefined
      ? []
      : [{ task, leases: leases.filter(isOfTask), attempts: attempts.filter(isOfTask) }];
  });
}

function nameOf({ kind, run, chunk }: TaskKey): string {
  return `${kind}/${run}/${chunk}`;
}
