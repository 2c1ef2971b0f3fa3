import type { Command } from 'commander';
import { selectJob } from '../../job/select-job.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addAbort(group: Command): void {
  const command = group
    .command('abort')
    .description('stop a running job; a draft is deleted')
    .argument('<job>', 'id, or last')
    .addHelpText('after', '\nExample:\n  bytenite job abort last')
    .action(async (idOrLast: string) => {
      const client = await sessionOf(command);
      const jobId = await selectJob(client, idOrLast);
      await client.call('Customer_AbortJob', { params: { jobId } });
      console.log(`Aborted job ${printable(jobId)}`);
    });
}
