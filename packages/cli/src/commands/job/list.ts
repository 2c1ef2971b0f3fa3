import type { Job } from '@bytenite/contract';
import type { Command } from 'commander';
import { tally } from '../../job/progress.ts';
import { stateWords } from '../../job/state-words.ts';
import { formatSeconds, formatTime } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';
import { limitOption } from '../limit-option.ts';

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list jobs, the newest first')
    .addOption(limitOption(20))
    .option('--json', 'print the objects')
    .addHelpText('after', '\nExample:\n  bytenite job list --limit 100')
    .action(async (options: { limit: number; json?: true }) => {
      const client = await sessionOf(command);
      const query = { limit: options.limit };
      if (options.json) {
        printJson(fieldText(await client.text('Customer_ListJobs', { query }), 'data'));
        return;
      }
      const { data, pagination } = await client.call('Customer_ListJobs', { query });
      printList({
        columns: [
          { title: 'ID' },
          { title: 'NAME', flexible: true },
          { title: 'STATE', flexible: true },
          { title: 'TASKS', align: 'right' },
          { title: 'CREATED' },
          { title: 'DURATION', align: 'right' },
        ],
        rows: data.map(toRow),
        total: pagination.total,
        empty: 'No jobs yet. Create one: bytenite job run --template ID --input FILE',
      });
    });
}

function toRow(job: Job): string[] {
  const { done, total } = tally(job);
  return [
    job.id,
    job.name,
    stateWords(job),
    total === 0 ? '-' : `${done}/${total}`,
    formatTime(job.createdAt),
    job.submittedAt === null ? '-' : formatSeconds(job.duration),
  ];
}
