import { ConnectionError, RemoteError, type Client } from '@bytenite/client';
import type { Job } from '@bytenite/contract';
import { hasEnded } from './state-words.ts';
import { watchEvents } from './watch-events.ts';

/** Changes of state come as events; this often the counts of a running job are read too. */
const LOOK_EVERY_MS = 1000;

/** A job's states as they come, the present one first; ends with the job, or quietly at the abort. */
export async function* followJob(
  client: Client,
  jobId: string,
  signal: AbortSignal,
): AsyncGenerator<Job, void, undefined> {
  while (!signal.aborted) {
    try {
      const watch = { jobId, events: ['job.updated'] as const, signal, tickMs: LOOK_EVERY_MS };
      for await (const event of watchEvents(client, watch)) {
        const isUpdate = event !== 'tick' && event.event === 'job.updated';
        const job = isUpdate ? event.job : await look(client, jobId, signal);
        if (job === undefined) continue;
        yield job;
        if (hasEnded(job)) return;
      }
    } catch (error) {
      // What happened in between can no longer be replayed: begin anew.
      if (!(error instanceof RemoteError) || error.kind !== 'OUT_OF_RANGE') throw error;
    }
  }
}

/** Undefined while the platform is away: the stream of events knows when to give up. */
export async function look(
  client: Client,
  jobId: string,
  signal: AbortSignal,
): Promise<Job | undefined> {
  try {
    const { job } = await client.call('Customer_GetJob', { params: { jobId } }, { signal });
    return job;
  } catch (error) {
    const isAway = error instanceof RemoteError && error.status >= 500;
    if (isAway || error instanceof ConnectionError || signal.aborted) return undefined;
    throw error;
  }
}
