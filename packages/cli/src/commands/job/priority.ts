import { Argument, type Command } from 'commander';
import { PRIORITIES, priorityOf, type PriorityName } from '../../job/priorities.ts';
import { selectJob } from '../../job/select-job.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

const HELP = `
Priorities order your own jobs; they take nothing from other users.

Examples:
  bytenite job priority last fast
  bytenite job priority 6f0d2c1e cheap`;

export function addPriority(group: Command): void {
  const command = group
    .command('priority')
    .description('change the turn of a job among your own, until it has ended')
    .argument('<job>', 'id, or last')
    .addArgument(new Argument('<priority>', 'before or after the others').choices(PRIORITIES))
    .addHelpText('after', HELP)
    .action(async (idOrLast: string, name: PriorityName) => {
      const client = await sessionOf(command);
      const jobId = await selectJob(client, idOrLast);
      const body = { priority: priorityOf(name) };
      await client.call('Customer_UpdateConfigs', { params: { jobId }, body });
      console.log(`Job ${printable(jobId)} is ${name} now`);
    });
}
