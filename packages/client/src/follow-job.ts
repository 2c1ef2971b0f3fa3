/** A job's states as they come, from the stream of events or, where there is none, by looking. */
import type { Job } from '@bytenite/contract';
import type { Caller } from './caller.ts';
import { ConnectionError, JobFailedError, RemoteError } from './errors.ts';
import { backoffMs, wait } from './wait.ts';
import { watchEvents } from './watch-events.ts';

/** Changes of state come as events; this often the counts of a running job are read too. */
const LOOK_EVERY_MS = 1000;
const POLL_BASE_MS = 250;
const POLL_CAP_MS = 2000;
/** Without events nobody else notices that the platform is away; each look has tried several times itself. */
const LOOKS_IN_VAIN = 10;

/** The present state first; ends with the job, or quietly at the abort. */
export async function* followJob(
  client: Caller,
  jobId: string,
  signal: AbortSignal,
): AsyncGenerator<Job, void, undefined> {
  while (!signal.aborted) {
    try {
      const watch = { jobId, events: ['job.updated'] as const, signal, tickMs: LOOK_EVERY_MS };
      for await (const event of watchEvents(client, watch)) {
        const isUpdate = event !== 'tick' && event.event === 'job.updated';
        const job = isUpdate ? event.job : await lookAtJob(client, jobId, signal);
        if (job === undefined) continue;
        yield job;
        if (hasEnded(job)) return;
      }
    } catch (error) {
      // What happened in between can no longer be replayed: begin anew.
      if (isRefusal(error, 'OUT_OF_RANGE')) continue;
      if (!(error instanceof RemoteError) || isRefusal(error, 'UNAUTHENTICATED')) throw error;
      yield* pollJob(client, jobId, signal);
      return;
    }
  }
}

/** Where something on the way lets no events through. */
async function* pollJob(
  client: Caller,
  jobId: string,
  signal: AbortSignal,
): AsyncGenerator<Job, void, undefined> {
  let inVain = 0;
  for (let looks = 1; ; looks += 1) {
    const job = await lookAtJob(client, jobId, signal);
    if (signal.aborted) return;
    if (job !== undefined) yield job;
    if (job !== undefined && hasEnded(job)) return;
    inVain = job === undefined ? inVain + 1 : 0;
    if (inVain > LOOKS_IN_VAIN) {
      const message = `${client.baseUrl} has not answered for long`;
      throw new ConnectionError(client.baseUrl, 'unreachable', message);
    }
    const pauseMs = backoffMs(Math.min(looks, 10), POLL_BASE_MS, POLL_CAP_MS);
    await wait(pauseMs, signal).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** Undefined while the platform is away: the stream of events knows when to give up. */
export async function lookAtJob(
  client: Caller,
  jobId: string,
  signal: AbortSignal,
): Promise<Job | undefined> {
  try {
    const { job } = await client.call('Customer_GetJob', { params: { jobId } }, { signal });
    return job;
  } catch (error) {
    const isAway =
      error instanceof RemoteError &&
      (error.status >= 500 || isRefusal(error, 'RESOURCE_EXHAUSTED'));
    if (isAway || error instanceof ConnectionError || signal.aborted) return undefined;
    throw error;
  }
}

export interface WaitOptions {
  signal?: AbortSignal;
  /** Given each state that is seen, the present one first. */
  onUpdate?: (job: Job) => void;
}

/** The job at its end. Throws JobFailedError when it failed, and the signal's reason at its abort. */
export async function waitForJob(
  client: Caller,
  jobId: string,
  options: WaitOptions = {},
): Promise<Job> {
  const signal = options.signal ?? new AbortController().signal;
  let last: Job | undefined;
  for await (const job of followJob(client, jobId, signal)) {
    last = job;
    options.onUpdate?.(job);
    if (job.state === 'JOB_STATE_NEW') {
      throw new Error(`job ${jobId} is a draft: there is nothing to wait for until it is run`);
    }
  }
  signal.throwIfAborted();
  if (last === undefined) throw new Error(`job ${jobId} was followed without seeing a state`);
  if (last.state === 'JOB_STATE_FAILED') throw new JobFailedError(last);
  return last;
}

export function hasEnded({ state }: Job): boolean {
  return state === 'JOB_STATE_COMPLETE' || state === 'JOB_STATE_FAILED';
}

function isRefusal(error: unknown, kind: RemoteError['kind']): boolean {
  return error instanceof RemoteError && error.kind === kind;
}
