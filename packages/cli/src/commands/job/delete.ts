import type { Command } from 'commander';
import { selectJob } from '../../job/select-job.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('delete a job that does not run, with its results and logs')
    .argument('<job>', 'id, or last')
    .addHelpText('after', '\nExample:\n  bytenite job delete last')
    .action(async (idOrLast: string) => {
      const client = await sessionOf(command);
      const jobId = await selectJob(client, idOrLast);
      await client.call('Customer_DeleteJob', { params: { jobId } });
      console.log(`Deleted job ${printable(jobId)}`);
    });
}
