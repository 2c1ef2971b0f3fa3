/** The stream of changes as an async iteration that survives broken connections. */
import { EVENT_NAMES, Job, Task, WireLogLine, type EventName } from '@bytenite/contract';
import { z } from 'zod';
import {
  ConnectionError,
  errorFromReply,
  errorFromStream,
  RemoteError,
  UnreadableReplyError,
} from './errors.ts';
import { askedPauseMs } from './retry.ts';
import { buildPath, findOperation } from './operations.ts';
import { decodeReply } from './reply.ts';
import { connectionError, type Transport } from './transport.ts';
import { backoffMs, wait, watchIdle } from './wait.ts';

const OPERATION = 'Customer_Events';
/** Keep-alives come every 15 s: two missed and the connection is taken for dead. */
const IDLE_MS = 40_000;
const RETRIES = 12;
const RETRY_BASE_MS = 200;
const RETRY_CAP_MS = 5000;
const LINE_LIMIT = 16 * 1024 * 1024;

export interface EventsOptions {
  jobId?: string;
  /** Default: all. */
  events?: readonly EventName[];
  /** Replays what came after this event. */
  lastEventId?: string;
  signal?: AbortSignal;
}

export type StreamEvent =
  /**
   * The stream is connected. Not `resumed`: what happened before this moment is not in it, so the state
   * is to be read now. After every reconnection the stream goes on behind the last event by itself.
   */
  | { event: 'open'; resumed: boolean }
  | { event: 'job.updated'; id: string; jobId: string; job: Job }
  | { event: 'task.updated'; id: string; jobId: string; task: Task }
  | {
      event: 'log.appended';
      id: string;
      jobId: string;
      taskId: string;
      service: string;
      line: WireLogLine;
    };

const EventLine = z.object({
  result: z
    .object({
      event: z.enum(EVENT_NAMES),
      id: z.string(),
      data: z.object({
        jobId: z.string(),
        job: Job.optional(),
        task: Task.optional(),
        taskId: z.string().optional(),
        service: z.string().optional(),
        line: WireLogLine.optional(),
      }),
    })
    .optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
});

export async function* streamEvents(
  transport: Transport,
  options: EventsOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  const { signal } = options;
  let lastEventId = options.lastEventId;
  for (let failures = 0; ;) {
    let failure: unknown = new ConnectionError(transport.baseUrl, 'unreachable', ENDED);
    try {
      for await (const event of readConnection(transport, options, lastEventId)) {
        // A server that lets in and hangs up at once is no better than one that does not answer.
        if (event === 'alive') failures = 0;
        else {
          if (event.event !== 'open') lastEventId = event.id;
          yield event;
        }
      }
    } catch (error) {
      if (!signal?.aborted && !isPassing(error)) throw error;
      failure = error;
    }
    failures += 1;
    if (!signal?.aborted && failures > RETRIES) throw failure;
    const pauseMs = Math.max(
      askedPauseMs(failure),
      backoffMs(failures, RETRY_BASE_MS, RETRY_CAP_MS),
    );
    await wait(pauseMs, signal).catch(() => undefined);
    if (signal?.aborted) return;
  }
}

const ENDED = 'the platform keeps ending the stream of events';

/** One connection, to its end. `alive` stands before each event and for each keep-alive. */
async function* readConnection(
  transport: Transport,
  options: EventsOptions,
  lastEventId: string | undefined,
): AsyncGenerator<StreamEvent | 'alive', void, undefined> {
  const { jobId, events, signal } = options;
  const path = buildPath(findOperation(OPERATION), {}, { jobId, events, lastEventId });
  const idle = watchIdle(IDLE_MS, signal);
  try {
    const response = await transport.open(
      {
        method: 'GET',
        path,
        authorize: true,
        isRepeatable: true,
        headers: { accept: 'application/x-ndjson' },
      },
      idle.signal,
    );
    if (!response.ok) throw errorFromReply(OPERATION, response, await response.text());
    yield { event: 'open', resumed: lastEventId !== undefined };
    for await (const line of readLines(response, idle.touch)) {
      yield 'alive';
      if (line !== '') yield decodeEvent(line);
    }
  } catch (error) {
    if (!idle.isIdle()) throw connectionError(transport.baseUrl, error);
    const message = `${transport.baseUrl} sent nothing for ${IDLE_MS / 1000} s`;
    throw new ConnectionError(transport.baseUrl, 'timeout', message, error);
  } finally {
    idle.stop();
  }
}

async function* readLines(response: Response, onBytes: () => void): AsyncGenerator<string> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_LIMIT) throw new UnreadableReplyError(OPERATION, 'a line has no end');
      for (const line of lines) yield line.trim();
    }
  } finally {
    // Also where the consumer leaves early; a connection that already broke has nothing to cancel.
    await reader.cancel().catch(() => undefined);
  }
}

function decodeEvent(line: string): StreamEvent {
  const { result, error } = decodeReply(OPERATION, EventLine, line);
  if (error !== undefined) throw errorFromStream(OPERATION, error);
  const { event, id, data } = given('result', result);
  const { jobId } = data;
  switch (event) {
    case 'job.updated':
      return { event, id, jobId, job: given('job', data.job) };
    case 'task.updated':
      return { event, id, jobId, task: given('task', data.task) };
    case 'log.appended': {
      const { taskId = '', service = '' } = data;
      return { event, id, jobId, taskId, service, line: given('line', data.line) };
    }
  }
}

function given<T>(field: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new UnreadableReplyError(OPERATION, `an event without ${field}`);
}

/** Worth another try: no answer, or a proxy or a restarting server that asks for patience. */
function isPassing(error: unknown): boolean {
  if (error instanceof RemoteError) return error.status === 429 || error.status >= 502;
  return error instanceof ConnectionError;
}
