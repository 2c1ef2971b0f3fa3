import type { Command } from 'commander';
import { Interrupted } from '../../errors.ts';
import { untilInterrupted } from '../../job/interrupt.ts';
import { selectJob } from '../../job/select-job.ts';
import { sayHowToReturn, watchJob, type WatchOptions } from '../../job/watch-job.ts';
import { sessionOf } from '../global-options.ts';

export function addWatch(group: Command): void {
  const command = group
    .command('watch')
    .description('show the progress of a running job to its end')
    .argument('<job>', 'id, or last')
    .option('--out <dir>', 'download the results to this folder')
    .option('--json', 'print the job at the end')
    .addHelpText(
      'after',
      '\nExit code 0 means that the job is complete. Ctrl-C leaves it running.\n\nExample:\n  bytenite job watch last --out results',
    )
    .action(async (idOrLast: string, options: WatchOptions) => {
      const client = await sessionOf(command);
      const jobId = await selectJob(client, idOrLast);
      try {
        await untilInterrupted((signal) => watchJob(client, jobId, options, signal));
      } catch (error) {
        if (error instanceof Interrupted) sayHowToReturn(jobId);
        throw error;
      }
    });
}
