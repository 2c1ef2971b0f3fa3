import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '@bytenite/client';
import { uploadFile, uploadStream } from '@bytenite/client/node';
import { DATA_SOURCE_PREFIX, type CreateJobInput, type Job } from '@bytenite/contract';
import { CliError, UsageError } from '../errors.ts';
import { showTransfer } from '../terminal/transfer.ts';
import { configOf, parseParams } from './params.ts';
import { priorityOf, type PriorityName } from './priorities.ts';

/** What `job create` and `job run` take to make a job of. */
export interface CreateOptions {
  template?: string;
  app?: string;
  partitioner?: string;
  assembler?: string;
  name?: string;
  description?: string;
  id?: string;
  input?: string;
  urlSource?: string;
  param: string[];
  config: string[];
  tolerate?: string;
  priority?: PriorityName;
}

/** A job that is ready to be made: everything that can be checked here has been. */
export interface JobPlan {
  body: CreateJobInput;
  /** File to upload; `-` is stdin. */
  input: string | undefined;
}

const STDIN = '-';

export async function planJob(options: CreateOptions): Promise<JobPlan> {
  const { template, app, partitioner, assembler, name, description, id, input } = options;
  if (template === undefined && app === undefined) throw nothingToRun();
  if (input !== undefined && options.urlSource !== undefined) {
    throw new UsageError('--input and --url-source exclude each other: a job has one source');
  }
  if (input !== undefined && input !== STDIN) await requireFile(input);
  const dataSource = sourceOf(options);
  const params = parseParams(options.param);
  const config = configOf(options);
  const body: CreateJobInput = {
    ...(template !== undefined && { templateId: template }),
    ...(app !== undefined && { app }),
    ...(partitioner !== undefined && { partitioner }),
    ...(assembler !== undefined && { assembler }),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(id !== undefined && { jobId: id }),
    ...(dataSource !== undefined && { dataSource }),
    ...(params !== undefined && { params }),
    ...(config !== undefined && { config }),
    ...(options.priority !== undefined && { priority: priorityOf(options.priority) }),
  };
  return { body, input };
}

function nothingToRun(): UsageError {
  return new UsageError('a job needs a template or an app', {
    fix: ['name one: --template ID, or --app TAG'],
  });
}

function sourceOf({ input, urlSource }: CreateOptions): CreateJobInput['dataSource'] {
  if (urlSource !== undefined) {
    const params = { '@type': `${DATA_SOURCE_PREFIX}HttpDataSource`, url: urlSource };
    return { dataSourceDescriptor: 'url', params };
  }
  if (input === undefined) return undefined;
  const name = input === STDIN ? 'stdin' : path.basename(input);
  const params = { '@type': `${DATA_SOURCE_PREFIX}LocalFileDataSource`, name };
  return { dataSourceDescriptor: 'file', params };
}

async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch((error: Error) => {
    throw new CliError(`--input ${file} cannot be read: ${error.message}`);
  });
  if (found.isFile()) return;
  throw new CliError(`--input ${file} is not a file`, {
    fix: ['pack a folder into one file (tar, zip) that your partitioner takes apart'],
  });
}

/** Makes the draft, or the job that runs at once where the body says so. */
export async function createJob(client: Client, body: CreateJobInput): Promise<Job> {
  const { job } = await client.call('Customer_CreateJob', { body }, onceOnly());
  return job;
}

/** A call that is repeated when its reply was lost, and has its effect once. */
export function onceOnly(): { idempotencyKey: string } {
  return { idempotencyKey: randomUUID() };
}

/** Uploads the draft's input and says that it is complete. */
export async function uploadInput(
  client: Client,
  job: Job,
  input: string,
  signal: AbortSignal,
): Promise<void> {
  const url = job.dataSource?.params?.['tempUrl'];
  if (!url) throw new CliError(`the platform gave no address to upload ${input} to`);
  await showTransfer('uploading', (onProgress) =>
    input === STDIN
      ? uploadStream(url, process.stdin, { signal, onProgress })
      : uploadFile(url, input, { signal, onProgress }),
  );
  await client.call('Customer_UploadCompleted', { params: { jobId: job.id } }, { signal });
}
