/** Log lines of a job from its packs, filtered, in time order. */
import {
  LOG_LEVELS,
  TASK_KINDS,
  type LogLine,
  type LogsInput,
  type TaskKind,
} from '@bytenite/contract';
import { invalid } from '@bytenite/contract';
import type { BlobStore } from '../../blob/blob-store.ts';
import type { Context } from '../../context.ts';
import { parseTaskId, taskIdMaker, type TaskKey } from '../../domain/task-id.ts';
import { logPacks } from '../../store/records.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { bitOf } from '../exchange/packs.ts';
import { jobOf } from './draft.ts';

export interface TaskLine extends LogLine {
  key: TaskKey;
  attempt: number;
}

export interface JobLogs {
  partitioner: TaskLine[];
  assembler: TaskLine[];
  taskrunner: { taskId: string; lines: TaskLine[] }[];
}

const MAX_LINES = 10_000;

const SERVICES: Record<string, TaskKind> = {
  PARTITIONER: 'PARTITIONER',
  ASSEMBLER: 'ASSEMBLER',
  TASKRUNNER: 'APP',
  APP: 'APP',
};

interface LineFilter {
  kinds: ReadonlySet<TaskKind>;
  levels: ReadonlySet<string>;
  tasks: ReadonlySet<string> | null;
  chunks: number[] | null;
  since: number | null;
  until: number | null;
  limit: number;
}

export async function readLogs(ctx: Context, account: Account, input: LogsInput): Promise<JobLogs> {
  const job = await jobOf(ctx, account, input.jobId);
  const filter = filterOf(job, input);
  const found: Record<TaskKind, TaskLine[]> = { PARTITIONER: [], APP: [], ASSEMBLER: [] };
  const wanted = (kind: TaskKind) => filter.kinds.has(kind) && found[kind].length < filter.limit;
  const packs = await logPacks(ctx.store.db, {
    job: job.no,
    kinds: bitsOf(TASK_KINDS, filter.kinds),
    levels: bitsOf(LOG_LEVELS, filter.levels),
    chunks: filter.chunks,
    since: filter.since,
    until: filter.until,
  });
  for (const pack of packs) {
    if (!TASK_KINDS.some((kind) => wanted(kind))) break;
    for (const line of await readLogPack(ctx.blobs, pack.key, pack.length)) {
      if (passes(filter, line)) found[line.key.kind].push(line);
    }
  }
  for (const kind of TASK_KINDS) {
    // Stable, so that lines of one millisecond stay as they came.
    found[kind] = found[kind].toSorted((a, b) => a.t - b.t).slice(-filter.limit);
  }
  return {
    partitioner: found.PARTITIONER,
    assembler: found.ASSEMBLER,
    taskrunner: byTask(job, found.APP),
  };
}

function byTask(job: JobRow, lines: readonly TaskLine[]): JobLogs['taskrunner'] {
  const taskId = taskIdMaker(job.uuid);
  const tasks = new Map<number, TaskLine[]>();
  for (const line of lines) {
    const list = tasks.get(line.key.chunk);
    if (list === undefined) tasks.set(line.key.chunk, [line]);
    else list.push(line);
  }
  return [...tasks]
    .toSorted(([a], [b]) => a - b)
    .map(([chunk, list]) => ({ taskId: taskId({ kind: 'APP', run: 0, chunk }), lines: list }));
}

/** All lines of a pack, each with the attempt that wrote it. */
export async function readLogPack(
  blobs: BlobStore,
  key: string,
  length: number,
): Promise<TaskLine[]> {
  const text = (await blobs.read(key, { offset: 0, length })).toString();
  const lines: TaskLine[] = [];
  let header: { key: TaskKey; attempt: number } | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const entry = JSON.parse(line) as LogLine | { k: TaskKind; r: number; n: number; a: number };
    if ('k' in entry) {
      header = { key: { kind: entry.k, run: entry.r, chunk: entry.n }, attempt: entry.a };
    } else if (header !== null) {
      lines.push({ ...entry, ...header });
    }
  }
  return lines;
}

function passes(filter: LineFilter, line: TaskLine): boolean {
  return (
    filter.kinds.has(line.key.kind) &&
    filter.levels.has(line.l) &&
    (filter.since === null || line.t >= filter.since) &&
    (filter.until === null || line.t <= filter.until) &&
    (filter.tasks === null ||
      filter.tasks.has(`${line.key.kind}/${line.key.run}/${line.key.chunk}`))
  );
}

function filterOf(job: JobRow, input: LogsInput): LineFilter {
  const keys = input.taskIds?.length
    ? input.taskIds.flatMap((id) => parseTaskId(job.uuid, id) ?? [])
    : null;
  return {
    kinds: kindsOf(input.services ?? []),
    levels: new Set(input.levels?.length ? input.levels : LOG_LEVELS),
    tasks: keys && new Set(keys.map(({ kind, run, chunk }) => `${kind}/${run}/${chunk}`)),
    chunks: keys && (keys.length > 0 ? keys.map(({ chunk }) => chunk) : [-1]),
    since: timeOf('since', input.since),
    until: timeOf('until', input.until),
    limit: input.limit ? Math.min(input.limit, MAX_LINES) : MAX_LINES,
  };
}

function kindsOf(services: readonly string[]): Set<TaskKind> {
  if (services.length === 0) return new Set(TASK_KINDS);
  return new Set(
    services.map((name) => {
      const kind = SERVICES[name.toUpperCase()];
      if (kind !== undefined) return kind;
      const description = `must be one of ${Object.keys(SERVICES).join(', ')}`;
      throw invalid(`services: ${description}`, [{ field: 'services', description }]);
    }),
  );
}

function timeOf(field: string, text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  const description = 'must be a time such as 2026-02-03T09:00:00Z';
  throw invalid(`${field}: ${description}`, [{ field, description }]);
}

function bitsOf<T extends string>(names: readonly T[], chosen: ReadonlySet<string>): number {
  return names.reduce((bits, name) => (chosen.has(name) ? bits | bitOf(names, name) : bits), 0);
}
