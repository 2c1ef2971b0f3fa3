import type { Client } from '@bytenite/client';
import type { JobConfigInput } from '@bytenite/contract';
import type { Command } from 'commander';
import { Interrupted, UsageError } from '../../errors.ts';
import {
  createJob,
  planJob,
  uploadInput,
  type CreateOptions,
  type JobPlan,
} from '../../job/create-job.ts';
import { untilInterrupted } from '../../job/interrupt.ts';
import { configOf } from '../../job/params.ts';
import { selectJob } from '../../job/select-job.ts';
import { settleDraft } from '../../job/settle-draft.ts';
import { sayHowToReturn, watchJob } from '../../job/watch-job.ts';
import { printable } from '../../terminal/escape.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { openOutFolder } from '../../terminal/out-folder.ts';
import { sessionOf } from '../global-options.ts';
import { addCreateOptions, CREATE_ONLY } from './create-options.ts';

interface Options extends CreateOptions {
  out?: string;
  wait: boolean;
  json?: true;
}

export function addRun(group: Command): void {
  const command = group
    .command('run')
    .description('make a job and run it, or run a draft; wait for its end and fetch the results')
    .argument('[job]', 'id of a draft, or last')
    .option('--out <dir>', 'download the results to this folder')
    .option('--no-wait', 'return as soon as it runs')
    .option('--json', 'print the job at the end')
    .addHelpText('after', EXAMPLES);
  addCreateOptions(command).action(async (draft: string | undefined, options: Options) => {
    await run(await sessionlessPlan(draft, options), command, options);
  });
}

const EXAMPLES = `
Exit code 0 means that the job is complete. Ctrl-C leaves it running.

Examples:
  bytenite job run --template hello-world --input hello.txt --param app.case=upper --out results
  bytenite job run --app hello-world --input - --config maxTaskRetries=0 < hello.txt
  bytenite job run last                            # the draft that was created last`;

type Plan = { draft: string } | JobPlan;

/** Everything that can be wrong without asking the platform. */
async function sessionlessPlan(draft: string | undefined, options: Options): Promise<Plan> {
  if (!options.wait && options.out !== undefined) {
    throw new UsageError('--no-wait and --out exclude each other: results come at the end');
  }
  // Found out now, not when the job has run.
  if (options.out !== undefined) openOutFolder(options.out);
  if (draft === undefined) return planJob(options);
  const extra = CREATE_ONLY.find((name) => options[name] !== undefined);
  if (extra !== undefined || options.param.length > 0) {
    throw new UsageError('a draft has its template, source and parameters already', {
      fix: ['leave those options out, or leave the id out to make another job'],
    });
  }
  configOf(options);
  return { draft };
}

async function run(plan: Plan, command: Command, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const jobId = await untilInterrupted((signal) => start(client, plan, options, signal));
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

/** Makes the job where there is none yet, and runs it. Returns its id. */
async function start(
  client: Client,
  plan: Plan,
  options: Options,
  signal: AbortSignal,
): Promise<string> {
  if ('draft' in plan) {
    const jobId = await selectJob(client, plan.draft);
    await runDraft(client, jobId, configOf(options), signal);
    return jobId;
  }
  const { body, input } = plan;
  const job = await createJob(client, body);
  try {
    if (input !== undefined) await uploadInput(client, job, input, signal);
    await runDraft(client, job.id, undefined, signal);
  } catch (error) {
    throw await settleDraft(client, job.id, input, error);
  }
  return job.id;
}

async function runDraft(
  client: Client,
  jobId: string,
  config: JobConfigInput | undefined,
  signal: AbortSignal,
): Promise<void> {
  await client.call('Customer_RunJob', { params: { jobId }, body: config ?? {} }, { signal });
}

async function sayStarted(client: Client, jobId: string, options: Options): Promise<void> {
  if (options.json) {
    const text = await client.text('Customer_GetJob', { params: { jobId } });
    printJson(fieldText(text, 'job'));
    return;
  }
  console.log(`Job ${printable(jobId)} runs. Watch it: bytenite job watch ${printable(jobId)}`);
}
