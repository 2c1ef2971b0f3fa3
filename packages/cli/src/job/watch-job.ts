import { followJob, type Client } from '@bytenite/client';
import type { Job } from '@bytenite/contract';
import { CliError } from '../errors.ts';
import { formatBytes, formatSeconds, plural } from '../terminal/format.ts';
import { fieldText, printJson } from '../terminal/json.ts';
import { printable } from '../terminal/escape.ts';
import { downloadResults } from './download-results.ts';
import { explainFailure } from './explain-failure.ts';
import { showProgress } from './progress-view.ts';
import { jobState } from './state-words.ts';

export interface WatchOptions {
  out?: string;
  json?: true;
}

/** Shows a job's progress to its end, then its results. Throws when it failed. */
export async function watchJob(
  client: Client,
  jobId: string,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const job = await showToEnd(client, jobId, signal);
  if (jobState(job) === 'FAILED') throw await explainFailure(client, job);
  const { out } = options;
  const downloaded =
    out === undefined ? undefined : await downloadResults(client, jobId, out, signal);
  if (options.json) {
    const text = await client.text('Customer_GetJob', { params: { jobId } });
    printJson(fieldText(text, 'job'));
    return;
  }
  console.log(summary(job));
  if (downloaded === undefined) {
    console.log(`Fetch the results: bytenite job results ${printable(jobId)} --out DIR`);
  } else {
    const { files, bytes } = downloaded;
    console.log(`${plural(files, 'file')}, ${formatBytes(bytes)}, in ${out}`);
  }
}

async function showToEnd(client: Client, jobId: string, signal: AbortSignal): Promise<Job> {
  const view = showProgress();
  let last: Job | undefined;
  try {
    for await (const job of followJob(client, jobId, signal)) {
      if (jobState(job) === 'NEW') throw isDraft(jobId);
      last = job;
      view.update(job);
    }
  } finally {
    view.close();
  }
  signal.throwIfAborted();
  if (last === undefined) throw new Error('a followed job has at least one state');
  return last;
}

function isDraft(jobId: string): CliError {
  return new CliError(`job ${jobId} is a draft: there is nothing to watch yet`, {
    fix: [`run it: bytenite job run ${jobId}`],
  });
}

function summary(job: Job): string {
  const tasks = plural(job.numChunks, 'task');
  const failed = job.failedChunks > 0 ? `, ${job.failedChunks} failed (tolerated)` : '';
  return `Job ${printable(job.id)} is complete: ${tasks}${failed}, ${formatSeconds(job.duration)}`;
}

/** Said after Ctrl-C. */
export function sayHowToReturn(jobId: string): void {
  process.stderr.write(
    `\nThe job runs on. Return to it: bytenite job watch ${printable(jobId)}\nStop it: bytenite job abort ${printable(jobId)}\n`,
  );
}
