/** A job from its making to its end. Every step is one that can be taken again when its answer is lost. */
import { DATA_SOURCE_PREFIX, type Job, type JobConfigInput } from '@bytenite/contract';
import type { Caller, CallOptions } from './caller.ts';
import { waitForJob, type WaitOptions } from './follow-job.ts';
import type { CallInput, CallReply } from './operations.ts';
import type { TransferOptions } from './transfer.ts';
import { nameOf, upload, type UploadInput } from './upload.ts';

/** What a job is made of; parameters are plain objects, or RawJson where their text matters. */
export type NewJob = NonNullable<CallInput<'Customer_CreateJob'>['body']>;

export interface RunAndWaitOptions extends WaitOptions {
  /** Uploaded as the job's source, in place of `dataSource`. */
  input?: UploadInput;
  /** The input's name, as components see it; its own by default. */
  inputName?: string;
  onUpload?: (bytes: number, total: number | undefined) => void;
}

export type JobResult = CallReply<'Customer_GetResults'>['results'][number];

export interface FinishedJob {
  job: Job;
  /** Names and links; empty where the destination is `bypass`. */
  results: JobResult[];
}

/**
 * Creates a job, uploads its input, runs it and waits for its end. A draft that comes to nothing is deleted. After
 * the abort a job that runs goes on running: stop it with `jobs.abort`.
 */
export async function runAndWait(
  client: Caller,
  spec: Omit<NewJob, 'run'>,
  options: RunAndWaitOptions = {},
): Promise<FinishedJob> {
  const { signal, input } = options;
  const body: NewJob =
    input === undefined ? spec : { ...spec, dataSource: fileSource(options.inputName, input) };
  const once = { idempotencyKey: newKey(), ...signalOf(signal) };
  const { job } = await client.call('Customer_CreateJob', { body }, once);
  try {
    if (input !== undefined) await uploadInput(client, job, input, transferOf(options));
    await startJob(client, job.id, undefined, signalOf(signal));
  } catch (error) {
    // An own id may name a draft that was there before.
    if (spec.jobId === undefined || spec.jobId === '') await dropDraft(client, job.id);
    throw error;
  }
  const finished = await waitForJob(client, job.id, options);
  const reply = await client.call(
    'Customer_GetResults',
    { params: { jobId: job.id } },
    signalOf(signal),
  );
  return { job: finished, results: reply.results };
}

/** Puts a draft's input where its `file` source says, and says that it is complete. */
export async function uploadInput(
  client: Caller,
  job: Job,
  input: UploadInput,
  options: TransferOptions = {},
): Promise<void> {
  const url = job.dataSource?.params?.['tempUrl'];
  if (!url) {
    throw new Error(
      `job ${job.id} has no address to upload to: only a draft whose dataSourceDescriptor is "file" has one`,
    );
  }
  await upload(url, input, { fetch: client.fetch, ...options });
  const params = { jobId: job.id };
  await client.call('Customer_UploadCompleted', { params }, signalOf(options.signal));
}

/** Starts a draft, once, also where the answer is lost. */
export async function startJob(
  client: Caller,
  jobId: string,
  config: JobConfigInput | undefined,
  options: CallOptions,
): Promise<void> {
  const input = { params: { jobId }, body: config ?? {} };
  await client.call('Customer_RunJob', input, { idempotencyKey: newKey(), ...options });
}

const KEY_BYTES = 16;

/** A key of idempotency. Not randomUUID: in browsers that is kept from pages of plain http. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Quietly: what went wrong before is what the caller has to know. */
async function dropDraft(client: Caller, jobId: string): Promise<void> {
  await client.call('Customer_DeleteJob', { params: { jobId } }).catch(() => undefined);
}

function fileSource(inputName: string | undefined, input: UploadInput): NewJob['dataSource'] {
  const name = inputName ?? nameOf(input);
  const params = {
    '@type': `${DATA_SOURCE_PREFIX}LocalFileDataSource`,
    ...(name !== undefined && { name }),
  };
  return { dataSourceDescriptor: 'file', params };
}

function transferOf({ signal, onUpload }: RunAndWaitOptions): TransferOptions {
  return { ...signalOf(signal), ...(onUpload !== undefined && { onProgress: onUpload }) };
}

function signalOf(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
