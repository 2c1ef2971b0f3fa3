import { once } from 'node:events';
import type { Client } from '@bytenite/client';
import { LOG_LEVELS, type LogLevel, type LogsInput } from '@bytenite/contract';
import type { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import { followLines } from '../../job/follow-lines.ts';
import { untilInterrupted } from '../../job/interrupt.ts';
import {
  DEFAULT_LINES,
  formatLine,
  mayHaveOlder,
  readAllLines,
  readLines,
  type JobLine,
} from '../../job/log-lines.ts';
import { selectJob } from '../../job/select-job.ts';
import { TaskNames } from '../../job/task-names.ts';
import { printJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';

interface Options {
  follow?: true;
  task?: string;
  chunk?: number;
  level: LogLevel[];
  limit?: number;
  since?: string;
  until?: string;
  all?: true;
  raw?: true;
  json?: true;
}

export function addLogs(group: Command): void {
  const command = group
    .command('logs')
    .description('print what the tasks of a job printed')
    .argument('<job>', 'id, or last')
    .option('-f, --follow', 'go on with new lines to the end of the job')
    .option('--task <id>', 'only this task')
    .option('--chunk <n>', 'only the task of this chunk', parseCount)
    .option('--level <level>', 'only lines of this level (repeatable)', collectLevel, [])
    .option('--limit <n>', 'only the newest lines: this many of each stage', parseCount)
    .option('--since <time>', 'only lines of this time, such as 2026-02-03T09:00:00Z, and later')
    .option('--until <time>', 'only lines of this time and earlier')
    .option('--all', 'every line from the oldest on, not only the newest 10000 of each stage')
    .option('--raw', 'leave control characters in the lines as they are')
    .option('--json', 'print the objects')
    .addHelpText(
      'after',
      '\nExamples:\n  bytenite job logs last -f\n  bytenite job logs last --chunk 3 --level error',
    )
    .action(async (idOrLast: string, options: Options) => logs(command, idOrLast, options));
}

async function logs(command: Command, idOrLast: string, options: Options): Promise<void> {
  if (options.json && options.follow) {
    throw new UsageError('--json and --follow exclude each other');
  }
  for (const other of ['follow', 'json', 'limit'] as const) {
    if (options.all && options[other] !== undefined) {
      throw new UsageError(`--all and --${other} exclude each other`);
    }
  }
  const client = await sessionOf(command);
  const filter = await buildFilter(client, await selectJob(client, idOrLast), options);
  const names = new TaskNames(client, filter.jobId);
  for (const taskId of filter.taskIds ?? []) await names.load(taskId);
  const print = async ({ service, taskId, line }: JobLine) => {
    const source = service === 'TASKRUNNER' ? await names.nameOf(taskId) : service.toLowerCase();
    console.log(formatLine(source, line, options.raw ?? false));
  };
  if (options.json) {
    printJson(await client.text('Customer_Logs', { body: filter }));
  } else if (options.follow) {
    await untilInterrupted(async (signal) => {
      for await (const line of followLines(client, filter, signal)) await print(line);
    });
  } else {
    const isEmpty = options.all
      ? await printAll(readAllLines(client, filter), print)
      : await printNewest(await readLines(client, filter), print, options);
    if (isEmpty) process.stderr.write('Nothing was printed.\n');
  }
}

type Print = (line: JobLine) => Promise<void>;

async function printAll(lines: AsyncIterable<JobLine>, print: Print): Promise<boolean> {
  let isEmpty = true;
  for await (const line of lines) {
    isEmpty = false;
    await print(line);
    // A reader that is slower than the platform: what waits for it may not grow.
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  }
  return isEmpty;
}

async function printNewest(
  lines: readonly JobLine[],
  print: Print,
  { limit }: Options,
): Promise<boolean> {
  for (const line of lines) await print(line);
  if (limit === undefined && mayHaveOlder(lines)) {
    process.stderr.write(
      `These are the newest ${DEFAULT_LINES} lines of each stage. Older ones: --all prints every line, ` +
        '--since and --until choose a time.\n',
    );
  }
  return lines.length === 0;
}

async function buildFilter(client: Client, jobId: string, options: Options): Promise<LogsInput> {
  const { task, chunk, level, limit, since, until } = options;
  const taskId = chunk === undefined ? task : await findChunk(client, jobId, chunk);
  return {
    jobId,
    ...(taskId !== undefined && { taskIds: [taskId] }),
    ...(level.length > 0 && { levels: level }),
    ...(limit !== undefined && { limit }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

/** Tasks of kind APP come in the order of their chunks, so a chunk's number is its place in the list. */
async function findChunk(client: Client, jobId: string, chunk: number): Promise<string> {
  const query = { kind: ['APP' as const], offset: chunk, limit: 1 };
  const { data } = await client.call('Customer_ListTasks', { params: { jobId }, query });
  const [task] = data;
  if (task === undefined) throw new UsageError(`the job has no chunk ${chunk}`);
  return task.id;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new UsageError(`${JSON.stringify(text)} is not a whole number`);
}

function collectLevel(text: string, levels: readonly LogLevel[]): LogLevel[] {
  const level = LOG_LEVELS.find((known) => known === text.toUpperCase());
  if (level !== undefined) return [...levels, level];
  throw new UsageError(`--level ${text}: there is no such level`, {
    why: [`there is: ${LOG_LEVELS.join(', ').toLowerCase()}`],
  });
}
