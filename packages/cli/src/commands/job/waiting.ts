/** What `run` and `retry` have in common: to the end of the job, and its results. */
import type { Client } from '@bytenite/client';
import type { Command } from 'commander';
import { Interrupted, UsageError } from '../../errors.ts';
import { untilInterrupted } from '../../job/interrupt.ts';
import { sayHowToReturn, watchJob } from '../../job/watch-job.ts';
import { printable } from '../../terminal/escape.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { openOutFolder } from '../../terminal/out-folder.ts';

export interface Waiting {
  out?: string;
  wait: boolean;
  json?: true;
}

export function addWaiting(command: Command): Command {
  return command
    .option('--out <dir>', 'download the results to this folder')
    .option('--no-wait', 'return as soon as it runs')
    .option('--json', 'print the job at the end');
}

/** Found out now, not when the job has run. */
export function checkWaiting({ out, wait }: Waiting): void {
  if (!wait && out !== undefined) {
    throw new UsageError('--no-wait and --out exclude each other: results come at the end');
  }
  if (out !== undefined) openOutFolder(out);
}

/** Watches a job that has been started, unless nobody wants to wait. */
export async function seeThrough(client: Client, jobId: string, options: Waiting): Promise<void> {
  if (!options.wait) {
    await sayStarted(client, jobId, options);
    return;
  }
  process.stderr.write(`Job ${printable(jobId)}\n`);
  try {
    await untilInterrupted((signal) => watchJob(client, jobId, options, signal));
  } catch (error) {
    if (error instanceof Interrupted) sayHowToReturn(jobId);
    throw error;
  }
}

async function sayStarted(client: Client, jobId: string, options: Waiting): Promise<void> {
  if (options.json) {
    const text = await client.text('Customer_GetJob', { params: { jobId } });
    printJson(fieldText(text, 'job'));
    return;
  }
  console.log(`Job ${printable(jobId)} runs. Watch it: bytenite job watch ${printable(jobId)}`);
}
