import type { Command } from 'commander';
import { onceOnly } from '../../job/create-job.ts';
import { configOf } from '../../job/params.ts';
import { selectJob } from '../../job/select-job.ts';
import { sessionOf } from '../global-options.ts';
import { addConfigOptions } from './create-options.ts';
import { addWaiting, checkWaiting, seeThrough, type Waiting } from './waiting.ts';

interface Options extends Waiting {
  chunks?: string;
  useLatest?: true;
  config: string[];
  tolerate?: string;
}

export function addRetry(group: Command): void {
  const command = group
    .command('retry')
    .description('run an ended job again: only chunks without a result, then assembly and delivery')
    .argument('<job>', 'id, or last')
    .option('--chunks <list>', 'only these, like 3,7-9; the others must be tolerated')
    .option('--use-latest', 'with the newest active revisions, in place of those it ran with');
  addConfigOptions(command);
  addWaiting(command)
    .addHelpText(
      'after',
      `
What has a result keeps it. A job that failed before it had chunks starts over.

Examples:
  bytenite job retry last --out results
  bytenite job retry last --use-latest             # after the app was repaired and pushed
  bytenite job retry last --chunks 3,7-9 --tolerate 2%`,
    )
    .action(async (idOrLast: string, options: Options) => retry(command, idOrLast, options));
}

async function retry(command: Command, idOrLast: string, options: Options): Promise<void> {
  checkWaiting(options);
  const { chunks, useLatest } = options;
  const config = configOf(options);
  const client = await sessionOf(command);
  const jobId = await selectJob(client, idOrLast);
  const body = {
    ...(config !== undefined && { config }),
    ...(chunks !== undefined && { chunks }),
    ...(useLatest === true && { useLatest }),
  };
  await client.call('Customer_RetryJob', { params: { jobId }, body }, onceOnly());
  await seeThrough(client, jobId, options);
}
