import type { Client } from '@bytenite/client';
import type { JobConfigInput } from '@bytenite/contract';
import type { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import {
  createJob,
  onceOnly,
  planJob,
  uploadInput,
  type CreateOptions,
  type JobPlan,
} from '../../job/create-job.ts';
import { untilInterrupted } from '../../job/interrupt.ts';
import { configOf } from '../../job/params.ts';
import { selectJob } from '../../job/select-job.ts';
import { settleDraft } from '../../job/settle-draft.ts';
import { sessionOf } from '../global-options.ts';
import { addCreateOptions, CREATE_ONLY } from './create-options.ts';
import { addWaiting, checkWaiting, seeThrough, type Waiting } from './waiting.ts';

type Options = CreateOptions & Waiting;

export function addRun(group: Command): void {
  const command = addWaiting(
    group
      .command('run')
      .description('make a job and run it, or run a draft; wait for its end and fetch the results')
      .argument('[job]', 'id of a draft, or last'),
  ).addHelpText('after', EXAMPLES);
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
  checkWaiting(options);
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
  await seeThrough(client, jobId, options);
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
  if (input === undefined) return (await createJob(client, { ...body, run: true })).id;
  const job = await createJob(client, body);
  try {
    await uploadInput(client, job, input, signal);
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
  const input = { params: { jobId }, body: config ?? {} };
  await client.call('Customer_RunJob', input, { signal, ...onceOnly() });
}
