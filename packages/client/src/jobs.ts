import type { Job, JobConfigInput, LogsInput, Task } from '@bytenite/contract';
import type { CallOptions } from './caller.ts';
import type { Client } from './client.ts';
import { download, type Download } from './download.ts';
import { followJob, waitForJob, type WaitOptions } from './follow-job.ts';
import type { CallInput, CallReply } from './operations.ts';
import {
  runAndWait,
  startJob,
  uploadInput,
  type FinishedJob,
  type JobResult,
  type NewJob,
  type RunAndWaitOptions,
} from './run-job.ts';
import type { TransferOptions } from './transfer.ts';
import type { UploadInput } from './upload.ts';

type JobsQuery = NonNullable<CallInput<'Customer_ListJobs'>['query']>;
type TasksQuery = NonNullable<CallInput<'Customer_ListTasks'>['query']>;

export interface Jobs {
  /** Makes a draft; with `run: true` it starts at once. */
  create: (spec: NewJob, options?: CallOptions) => Promise<Job>;
  get: (jobId: string, options?: CallOptions) => Promise<Job>;
  /** All jobs, newest first unless `orderBy` says otherwise. */
  list: (query?: JobsQuery, options?: CallOptions) => AsyncGenerator<Job>;
  /** Jobs that meet all conditions. */
  filter: (
    body: NonNullable<CallInput<'Customer_FilterJobs'>['body']>,
    options?: CallOptions,
  ) => AsyncGenerator<Job>;
  /** Uploads the input of a draft whose source is `file`. */
  upload: (job: Job, input: UploadInput, options?: TransferOptions) => Promise<void>;
  run: (jobId: string, config?: JobConfigInput, options?: CallOptions) => Promise<void>;
  /** Stops a job that runs, deletes a draft. */
  abort: (jobId: string, options?: CallOptions) => Promise<void>;
  delete: (jobId: string, options?: CallOptions) => Promise<void>;
  tasks: (jobId: string, query?: TasksQuery, options?: CallOptions) => AsyncGenerator<Task>;
  logs: (input: LogsInput, options?: CallOptions) => Promise<CallReply<'Customer_Logs'>>;
  results: (jobId: string, options?: CallOptions) => Promise<JobResult[]>;
  /** A result as a stream. */
  download: (result: Pick<JobResult, 'link'>, options?: TransferOptions) => Promise<Download>;
  /** The job's states as they come, the present one first; ends with the job, or at the abort. */
  follow: (jobId: string, options?: { signal?: AbortSignal }) => AsyncGenerator<Job>;
  /** The job at its end; throws JobFailedError when it failed. */
  wait: (jobId: string, options?: WaitOptions) => Promise<Job>;
  /** Creates, uploads, runs, waits and lists the results. */
  runAndWait: (spec: Omit<NewJob, 'run'>, options?: RunAndWaitOptions) => Promise<FinishedJob>;
}

const NEVER = new AbortController().signal;

export function createJobs(client: Omit<Client, 'jobs' | 'cache'>): Jobs {
  const of = (jobId: string) => ({ params: { jobId } });
  const fetch = client.fetch;
  return {
    async create(body, options) {
      const { job } = await client.call('Customer_CreateJob', { body }, options);
      return job;
    },
    async get(jobId, options) {
      const { job } = await client.call('Customer_GetJob', of(jobId), options);
      return job;
    },
    list: (query = {}, options) => client.list('Customer_ListJobs', { query }, options),
    filter: (body, options) => client.list('Customer_FilterJobs', { body }, options),
    upload: (job, input, options) => uploadInput(client, job, input, options),
    run: (jobId, config, options = {}) => startJob(client, jobId, config, options),
    async abort(jobId, options) {
      await client.call('Customer_AbortJob', of(jobId), options);
    },
    async delete(jobId, options) {
      await client.call('Customer_DeleteJob', of(jobId), options);
    },
    tasks: (jobId, query = {}, options) =>
      client.list('Customer_ListTasks', { ...of(jobId), query }, options),
    logs: (body, options) => client.call('Customer_Logs', { body }, options),
    async results(jobId, options) {
      const { results } = await client.call('Customer_GetResults', of(jobId), options);
      return results;
    },
    download: ({ link }, options) => download(link, { fetch, ...options }),
    follow: (jobId, { signal = NEVER } = {}) => followJob(client, jobId, signal),
    wait: (jobId, options) => waitForJob(client, jobId, options),
    runAndWait: (spec, options) => runAndWait(client, spec, options),
  };
}
