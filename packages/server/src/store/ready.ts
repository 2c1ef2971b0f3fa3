/** Open tasks that wait outside the cursor. */
import type { TaskKind } from '@bytenite/contract';
import { overRows } from './over-rows.ts';
import type { Db, Tx } from './store.ts';
import type { NewReady, ReadyRow } from './tables.ts';

/** What tasks that wait ask for beyond their component. */
export interface ReadyClass {
  alone: 0 | 1;
  memoryBytes: number;
}

export const ORDINARY: ReadyClass = { alone: 0, memoryBytes: 0 };

/** Chunks that were never claimed ask for nothing either. */
export function isOrdinary({ alone, memoryBytes }: ReadyClass): boolean {
  return alone === 0 && memoryBytes === 0;
}

export async function insertReady(tx: Tx, rows: readonly NewReady[]): Promise<void> {
  await insertAll(
    tx,
    rows.map((row) => ({ memory_bytes: 0, alone: 0, ...row })),
    {},
  );
}

const insertAll = overRows((tx, rows: readonly NewReady[]) =>
  tx.insertInto('ready').values([...rows]),
);

type TaskKey = Pick<ReadyRow, 'job' | 'kind' | 'run' | 'chunk'>;

export async function findReady(db: Db, task: TaskKey): Promise<ReadyRow | undefined> {
  const [row] = await waitingOf(db, task, [task.chunk]);
  return row;
}

/** Of the named tasks of a job's kind and run those that wait outside the cursor. */
export async function waitingOf(
  db: Db,
  { job, kind, run }: Omit<TaskKey, 'chunk'>,
  chunks: readonly number[],
): Promise<ReadyRow[]> {
  return db
    .selectFrom('ready')
    .selectAll()
    .where('job', '=', job)
    .where('kind', '=', kind)
    .where('run', '=', run)
    .where('chunk', 'in', chunks)
    .execute();
}

/** Takes due tasks of a job's run that ask for the same, the longest waiting first. */
export async function takeReady(
  tx: Tx,
  { job, kind, run, alone, memoryBytes }: Omit<TaskKey, 'chunk'> & ReadyClass,
  now: number,
  limit: number,
): Promise<ReadyRow[]> {
  const rows = await tx
    .selectFrom('ready')
    .selectAll()
    .where('job', '=', job)
    .where('kind', '=', kind)
    .where('run', '=', run)
    .where('alone', '=', alone)
    .where('memory_bytes', '=', memoryBytes)
    .where('ready_at', '<=', now)
    .orderBy('ready_at')
    .orderBy('chunk')
    .limit(limit)
    .execute();
  if (rows.length === 0) return [];
  await tx
    .deleteFrom('ready')
    .where('job', '=', job)
    .where('kind', '=', kind)
    .where('run', '=', run)
    .where(
      'chunk',
      'in',
      rows.map((row) => row.chunk),
    )
    .execute();
  return rows;
}

export async function deleteReady(tx: Tx, job: number): Promise<void> {
  await tx.deleteFrom('ready').where('job', '=', job).execute();
}

/** When the next waiting task of a job is due; null when none waits. */
export async function nextReadyAt(db: Db, job: number): Promise<number | null> {
  const row = await db
    .selectFrom('ready')
    .select((e) => e.fn.min('ready_at').as('at'))
    .where('job', '=', job)
    .executeTakeFirst();
  return row?.at ?? null;
}

/** Kinds of demands that are looked at in one exchange; those behind them come when these are gone. */
const MAX_CLASSES = 32;

/**
 * What the waiting tasks of a job's run ask for, and how many of each are due, at most `maxDue`. Each step goes to the
 * next class by the index: however many tasks wait, so many statements as there are classes.
 */
export async function dueClasses(
  db: Db,
  stage: { job: number; kind: TaskKind; run: number },
  now: number,
  maxDue: number,
): Promise<(ReadyClass & { due: number })[]> {
  const classes: (ReadyClass & { due: number })[] = [];
  for (const alone of [0, 1] as const) {
    let next = await nextMemory(db, stage.job, alone, -1);
    while (next !== undefined && classes.length < MAX_CLASSES) {
      const ofClass = { alone, memoryBytes: next };
      classes.push({ ...ofClass, due: await countDue(db, { ...stage, ...ofClass }, now, maxDue) });
      next = await nextMemory(db, stage.job, alone, next);
    }
  }
  return classes;
}

async function nextMemory(
  db: Db,
  job: number,
  alone: 0 | 1,
  after: number,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('ready')
    .select('memory_bytes')
    .where('job', '=', job)
    .where('alone', '=', alone)
    .where('memory_bytes', '>', after)
    .orderBy('memory_bytes')
    .limit(1)
    .executeTakeFirst();
  return row?.memory_bytes;
}

async function countDue(
  db: Db,
  { job, kind, run, alone, memoryBytes }: Omit<TaskKey, 'chunk'> & ReadyClass,
  now: number,
  limit: number,
): Promise<number> {
  const { n } = await db
    .selectFrom((e) =>
      e
        .selectFrom('ready')
        .select('chunk')
        .where('job', '=', job)
        .where('kind', '=', kind)
        .where('run', '=', run)
        .where('alone', '=', alone)
        .where('memory_bytes', '=', memoryBytes)
        .where('ready_at', '<=', now)
        .limit(limit)
        .as('counted'),
    )
    .select((e) => e.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return n;
}
