import { TASK_KINDS, TASK_STATE_PREFIX, TASK_STATES, type Task } from '@bytenite/contract';
import { Option, type Command } from 'commander';
import { selectJob } from '../../job/select-job.ts';
import { taskWords } from '../../job/state-words.ts';
import { formatSeconds, formatTime } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import type { Column } from '../../terminal/table.ts';
import { statsTable } from '../../job/stats-table.ts';
import { sessionOf } from '../global-options.ts';
import { limitOption } from '../limit-option.ts';

interface Options {
  limit: number;
  state?: (typeof TASK_STATES)[number];
  kind?: (typeof TASK_KINDS)[number];
  stats?: true;
  json?: true;
}

export function addTasks(group: Command): void {
  const command = group
    .command('tasks')
    .description('list the tasks of a job, by chunk')
    .argument('<job>', 'id, or last')
    .addOption(limitOption(100))
    .addOption(choice('--state <state>', 'only those in this state', TASK_STATES))
    .addOption(choice('--kind <kind>', 'only those of this kind', TASK_KINDS))
    .option('--stats', 'show what each took: time, CPU, memory, bytes')
    .option('--json', 'print the objects')
    .addHelpText(
      'after',
      '\nExamples:\n  bytenite job tasks last\n  bytenite job tasks last --state failed\n  bytenite job tasks last --kind app --stats',
    )
    .action(async (idOrLast: string, options: Options) => tasks(command, idOrLast, options));
}

async function tasks(command: Command, idOrLast: string, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const input = {
    params: { jobId: await selectJob(client, idOrLast) },
    query: {
      limit: options.limit,
      ...(options.state !== undefined && { state: [options.state] }),
      ...(options.kind !== undefined && { kind: [options.kind] }),
    },
  };
  if (options.json) {
    printJson(fieldText(await client.text('Customer_ListTasks', input), 'data'));
    return;
  }
  const { data, pagination } = await client.call('Customer_ListTasks', input);
  const isFiltered = options.state !== undefined || options.kind !== undefined;
  printList({
    ...(options.stats ? statsTable(data) : tableOf(data)),
    total: pagination.total,
    empty: isFiltered ? 'No such tasks.' : 'No tasks yet: they are made when the job runs.',
  });
}

function tableOf(data: readonly Task[]) {
  const columns: Column[] = [
    { title: 'TASK' },
    { title: 'STATE' },
    { title: 'ATTEMPT', align: 'right' },
    { title: 'STARTED' },
    { title: 'TOOK', align: 'right' },
    { title: 'ID' },
    { title: 'ERROR', flexible: true },
  ];
  return { columns, rows: data.map(toRow) };
}

function toRow(task: Task): string[] {
  return [
    taskWords(task),
    task.state.slice(TASK_STATE_PREFIX.length).toLowerCase(),
    String(task.attempt),
    formatTime(task.startedAt),
    tookWords(task),
    task.id,
    task.errorMessage,
  ];
}

function tookWords({ startedAt, completedAt }: Task): string {
  if (startedAt === null || completedAt === null) return '-';
  return formatSeconds(Math.max(0, Date.parse(completedAt) - Date.parse(startedAt)) / 1000);
}

/** An option whose words are taken in any case. */
function choice(flags: string, description: string, words: readonly string[]): Option {
  const choices = words.map((word) => word.toLowerCase());
  const option = new Option(flags, description).choices(choices);
  const check = option.parseArg;
  return option.argParser((text, previous) =>
    String(check?.(text.toLowerCase(), previous)).toUpperCase(),
  );
}
