/** Which lines of a job are asked for, and the form in which they are handed out. */
import {
  invalid,
  LOG_LEVELS,
  TASK_KINDS,
  type LogLevel,
  type LogsInput,
  type TaskKind,
} from '@bytenite/contract';
import { parseTaskId, taskIdMaker } from '../../domain/task-id.ts';
import { parseTime, TIME_FORM } from '../../domain/time.ts';
import type { LogPackQuery } from '../../store/records.ts';
import type { JobRow } from '../../store/tables.ts';
import { bitOf } from '../exchange/packs.ts';
import { groupBy } from '../group-by.ts';
import type { ScannedLine } from './log-packs.ts';
import type { FoundLine, NewestLines } from './newest-lines.ts';

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

export interface LineFilter {
  kinds: ReadonlySet<TaskKind>;
  levels: ReadonlySet<LogLevel>;
  tasks: ReadonlySet<string> | null;
  chunks: number[] | null;
  since: number | null;
  until: number | null;
  limit: number;
}

/** Packs that may hold wanted lines. */
export function packQuery(job: JobRow, filter: LineFilter): LogPackQuery {
  return {
    job: job.no,
    kinds: bitsOf(TASK_KINDS, filter.kinds),
    levels: bitsOf(LOG_LEVELS, filter.levels),
    chunks: filter.chunks,
    since: filter.since,
    until: filter.until,
  };
}

/** Each stage's lines in the order of time. */
export function toJobLogs(job: JobRow, found: Record<TaskKind, NewestLines>): JobLogs {
  for (const kind of TASK_KINDS) found[kind].trim();
  return {
    partitioner: found.PARTITIONER.lines,
    assembler: found.ASSEMBLER.lines,
    taskrunner: byTask(job, found.APP.lines),
  };
}

function byTask(job: JobRow, lines: readonly FoundLine[]): JobLogs['taskrunner'] {
  const taskId = taskIdMaker(job.uuid);
  return [...groupBy(lines, (line) => line.chunk)]
    .toSorted(([a], [b]) => a - b)
    .map(([chunk, list]) => ({ taskId: taskId({ kind: 'APP', run: 0, chunk }), lines: list }));
}

export function passes(filter: LineFilter, { owner: { key }, t, level }: ScannedLine): boolean {
  return (
    filter.kinds.has(key.kind) &&
    filter.levels.has(level) &&
    (filter.since === null || t >= filter.since) &&
    (filter.until === null || t <= filter.until) &&
    (filter.tasks === null || filter.tasks.has(`${key.kind}/${key.run}/${key.chunk}`))
  );
}

export function filterOf(job: JobRow, input: LogsInput): LineFilter {
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
  const at = parseTime(text);
  if (at !== null) return at;
  throw invalid(`${field}: ${TIME_FORM}`, [{ field, description: TIME_FORM }]);
}

export function bitsOf<T extends string>(names: readonly T[], chosen: ReadonlySet<string>): number {
  return names.reduce((bits, name) => (chosen.has(name) ? bits | bitOf(names, name) : bits), 0);
}
