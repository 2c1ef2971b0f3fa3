/** Log lines of a job: found in its packs by task, level and time, and read when they are sent. */
import {
  LOG_LEVELS,
  TASK_KINDS,
  type LogLevel,
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
import { parseLine, scanPack, type ScannedLine } from './log-packs.ts';
import { NewestLines, type FoundLine } from './newest-lines.ts';

export interface TaskLine extends LogLine {
  key: TaskKey;
  attempt: number;
}

export interface JobLogs {
  partitioner: FoundLine[];
  assembler: FoundLine[];
  taskrunner: { taskId: string; lines: FoundLine[] }[];
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
  levels: ReadonlySet<LogLevel>;
  tasks: ReadonlySet<string> | null;
  chunks: number[] | null;
  since: number | null;
  until: number | null;
  limit: number;
}

export async function findLogs(ctx: Context, account: Account, input: LogsInput): Promise<JobLogs> {
  const job = await jobOf(ctx, account, input.jobId);
  const filter = filterOf(job, input);
  const found = {
    PARTITIONER: new NewestLines(filter.limit),
    APP: new NewestLines(filter.limit),
    ASSEMBLER: new NewestLines(filter.limit),
  };
  const packs = await logPacks(ctx.store.db, {
    job: job.no,
    kinds: bitsOf(TASK_KINDS, filter.kinds),
    levels: bitsOf(LOG_LEVELS, filter.levels),
    chunks: filter.chunks,
    since: filter.since,
    until: filter.until,
  });
  // The newest come first: a kind of which there are enough is looked for no further.
  for (const pack of packs) {
    const wanted = TASK_KINDS.filter((kind) => filter.kinds.has(kind) && !found[kind].isFull);
    if ((pack.kinds & bitsOf(TASK_KINDS, new Set(wanted))) === 0) continue;
    await scanPack(ctx.blobs, pack, (line) => {
      if (passes(filter, line)) found[line.owner.key.kind].add(pack, line);
    });
    for (const kind of TASK_KINDS) found[kind].trim();
  }
  return {
    partitioner: found.PARTITIONER.lines,
    assembler: found.ASSEMBLER.lines,
    taskrunner: byTask(job, found.APP.lines),
  };
}

/** What a line says; read from its pack unless it was kept. */
export async function readLine(blobs: BlobStore, line: FoundLine): Promise<LogLine> {
  const { pack, offset, length } = line;
  return parseLine(line.bytes ?? (await blobs.read(pack, { offset, length })));
}

function byTask(job: JobRow, lines: readonly FoundLine[]): JobLogs['taskrunner'] {
  const taskId = taskIdMaker(job.uuid);
  const tasks = new Map<number, FoundLine[]>();
  for (const line of lines) {
    const list = tasks.get(line.chunk);
    if (list === undefined) tasks.set(line.chunk, [line]);
    else list.push(line);
  }
  return [...tasks]
    .toSorted(([a], [b]) => a - b)
    .map(([chunk, list]) => ({ taskId: taskId({ kind: 'APP', run: 0, chunk }), lines: list }));
}

function passes(filter: LineFilter, { owner: { key }, t, level }: ScannedLine): boolean {
  return (
    filter.kinds.has(key.kind) &&
    filter.levels.has(level) &&
    (filter.since === null || t >= filter.since) &&
    (filter.until === null || t <= filter.until) &&
    (filter.tasks === null || filter.tasks.has(`${key.kind}/${key.run}/${key.chunk}`))
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
