import type { TaskKind } from '@bytenite/contract';
import { sql, type Insertable } from 'kysely';
import { stagesOf, type TaskKey } from '../domain/task-id.ts';
import { dialectOf, type DialectName } from './dialect.ts';
import { overRows } from './over-rows.ts';
import type { Db, Tx } from './store.ts';
import type { AttemptRow, TaskRow, TaskTable } from './tables.ts';

/** A task to be; what is not named here begins at the column's default. */
export interface NewTasks {
  job: number;
  kind: TaskKind;
  run: number;
  createdAt: number;
  tasks: readonly { chunk: number; name: string; key: string; offset: number; length: number }[];
}

/**
 * Inserts tasks of one kind in one statement with one parameter for all of them; those that are there
 * already stay as they are, so a resumed step may repeat itself.
 */
export async function insertTasks(tx: Tx, dialect: DialectName, added: NewTasks): Promise<void> {
  if (added.tasks.length === 0) return;
  const rows = added.tasks.map((task) => [
    task.chunk,
    task.name,
    task.key,
    task.offset,
    task.length,
  ]);
  const { from, text, int } = dialectOf(dialect).jsonRows(JSON.stringify(rows));
  await sql`insert into task
    (job, kind, run, chunk, name, source_key, source_offset, source_length, created_at)
    select ${added.job}, ${added.kind}, ${added.run}, ${int(0)}, ${text(1)}, ${text(2)}, ${int(3)}, ${int(4)},
      ${added.createdAt}
    from ${from} where true on conflict do nothing`.execute(tx);
}

export async function findTask(db: Db, job: number, key: TaskKey): Promise<TaskRow | undefined> {
  return db
    .selectFrom('task')
    .selectAll()
    .where('job', '=', job)
    .where('kind', '=', key.kind)
    .where('run', '=', key.run)
    .where('chunk', '=', key.chunk)
    .executeTakeFirst();
}

export type ChunkSource = Pick<
  TaskRow,
  | 'kind'
  | 'run'
  | 'chunk'
  | 'name'
  | 'source_key'
  | 'source_offset'
  | 'source_length'
  | 'created_at'
>;

/** Sources of the chunks in `[from, to)`, in order. */
export async function chunkSources(
  db: Db,
  job: number,
  range: { from: number; to: number },
): Promise<ChunkSource[]> {
  return db
    .selectFrom('task')
    .select(SOURCE_COLUMNS)
    .where('job', '=', job)
    .where('kind', '=', 'APP')
    .where('run', '=', 0)
    .where('chunk', '>=', range.from)
    .where('chunk', '<', range.to)
    .orderBy('chunk')
    .execute();
}

const SOURCE_COLUMNS = [
  'kind',
  'run',
  'chunk',
  'name',
  'source_key',
  'source_offset',
  'source_length',
  'created_at',
] as const;

/** Sources of named chunks of one kind and run. */
export async function taskSources(
  db: Db,
  job: number,
  kind: TaskKind,
  run: number,
  chunks: readonly number[],
): Promise<ChunkSource[]> {
  return db
    .selectFrom('task')
    .select(SOURCE_COLUMNS)
    .where('job', '=', job)
    .where('kind', '=', kind)
    .where('run', '=', run)
    .where('chunk', 'in', chunks)
    .execute();
}

/** What a commit records; the rest of the row stays. */
export type ResultPatch = Pick<TaskRow, 'job' | 'kind' | 'run' | 'chunk'> &
  Pick<
    TaskRow,
    | 'result_key'
    | 'result_offset'
    | 'result_length'
    | 'result_sha'
    | 'runner'
    | 'assigned_at'
    | 'received_at'
    | 'started_at'
    | 'ended_at'
    | 'price'
    | 'stats'
  > & {
    /** The attempt that commits. */
    winner: number;
  };

/**
 * Commits results of tasks that are still open; returns the tasks that it committed.
 * An upsert, because an update that joins a list of values scans the whole job on SQLite.
 */
export function commitResults(
  tx: Tx,
  results: readonly ResultPatch[],
): Promise<{ kind: TaskKind; run: number; chunk: number }[]> {
  return upsertResults(tx, results, {});
}

const upsertResults = overRows((tx, results: readonly ResultPatch[]) =>
  tx
    .insertInto('task')
    .values(results.map((result) => committedRow(result)))
    .onConflict((c) =>
      c
        .columns(['job', 'kind', 'run', 'chunk'])
        .doUpdateSet((e) => ({
          state: e.ref('excluded.state'),
          attempts: e.ref('excluded.attempts'),
          result_key: e.ref('excluded.result_key'),
          result_offset: e.ref('excluded.result_offset'),
          result_length: e.ref('excluded.result_length'),
          result_sha: e.ref('excluded.result_sha'),
          winner: e.ref('excluded.winner'),
          runner: e.ref('excluded.runner'),
          assigned_at: e.ref('excluded.assigned_at'),
          received_at: e.ref('excluded.received_at'),
          started_at: e.ref('excluded.started_at'),
          ended_at: e.ref('excluded.ended_at'),
          price: e('task.price', '+', e.ref('excluded.price')),
          stats: e.ref('excluded.stats'),
        }))
        .where('task.state', '=', 'open'),
    )
    .returning(['kind', 'run', 'chunk']),
);

function committedRow(result: ResultPatch): Insertable<TaskTable> {
  return { ...result, attempts: result.winner, state: 'committed', created_at: 0 };
}

/** Records ended attempts on their tasks, where those are still open. An upsert as above, of rows that are there. */
export async function updateEndedTasks(tx: Tx, tasks: readonly TaskRow[]): Promise<void> {
  await upsertEnded(tx, tasks, {});
}

const upsertEnded = overRows((tx, tasks: readonly TaskRow[]) =>
  tx
    .insertInto('task')
    .values([...tasks])
    .onConflict((c) =>
      c
        .columns(['job', 'kind', 'run', 'chunk'])
        .doUpdateSet((e) => ({
          state: e.ref('excluded.state'),
          attempts: e.ref('excluded.attempts'),
          retries: e.ref('excluded.retries'),
          losses: e.ref('excluded.losses'),
          runner: e.ref('excluded.runner'),
          assigned_at: e.ref('excluded.assigned_at'),
          received_at: e.ref('excluded.received_at'),
          started_at: e.ref('excluded.started_at'),
          ended_at: e.ref('excluded.ended_at'),
          reason: e.ref('excluded.reason'),
          error_message: e.ref('excluded.error_message'),
          price: e.ref('excluded.price'),
          stats: e.ref('excluded.stats'),
        }))
        .where('task.state', '=', 'open'),
    ),
);

export async function insertAttempts(tx: Tx, attempts: readonly AttemptRow[]): Promise<void> {
  await insertEnded(tx, attempts, {});
}

const insertEnded = overRows((tx, attempts: readonly AttemptRow[]) =>
  tx
    .insertInto('attempt')
    .values([...attempts])
    .onConflict((c) => c.doNothing()),
);

export type CommittedTask = Pick<
  TaskRow,
  'chunk' | 'state' | 'result_key' | 'result_offset' | 'result_length' | 'result_sha'
>;

/** A page of APP tasks in chunk order, for collecting results. */
export async function resultPage(
  db: Db,
  job: number,
  afterChunk: number,
  limit: number,
): Promise<CommittedTask[]> {
  return db
    .selectFrom('task')
    .select(['chunk', 'state', 'result_key', 'result_offset', 'result_length', 'result_sha'])
    .where('job', '=', job)
    .where('kind', '=', 'APP')
    .where('run', '=', 0)
    .where('chunk', '>', afterChunk)
    .orderBy('chunk')
    .limit(limit)
    .execute();
}

/** Attempts that did not commit, of the tasks named. */
export async function endedAttempts(
  db: Db,
  job: number,
  keys: readonly TaskKey[],
): Promise<AttemptRow[]> {
  const rows: AttemptRow[] = [];
  for (const { kind, run, chunks } of stagesOf(keys)) {
    const found = await db
      .selectFrom('attempt')
      .selectAll()
      .where('job', '=', job)
      .where('kind', '=', kind)
      .where('run', '=', run)
      .where('chunk', 'in', chunks)
      .orderBy('attempt')
      .execute();
    rows.push(...found);
  }
  return rows;
}

/** The tasks named, in no order. */
export async function findTasks(db: Db, job: number, keys: readonly TaskKey[]): Promise<TaskRow[]> {
  const rows: TaskRow[] = [];
  for (const { kind, run, chunks } of stagesOf(keys)) {
    const found = await db
      .selectFrom('task')
      .selectAll()
      .where('job', '=', job)
      .where('kind', '=', kind)
      .where('run', '=', run)
      .where('chunk', 'in', chunks)
      .execute();
    rows.push(...found);
  }
  return rows;
}
