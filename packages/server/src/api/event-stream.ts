/** `GET /events`: one envelope a message, as NDJSON or, where asked for, as server-sent events. */
import {
  ApiError,
  ERRORS,
  EVENT_NAMES,
  invalid,
  stringifyWire,
  type ROUTES,
  type EventName,
} from '@bytenite/contract';
import { taskIdOf } from '../domain/task-id.ts';
import { watchEvents, type WatchQuery } from '../engine/jobs/watch-events.ts';
import type { WatchedEvent } from '../engine/jobs/watched-events.ts';
import { uploadLink } from './file-links.ts';
import type { Call } from './handler.ts';
import { presentJob } from './present-job.ts';
import { presentLine } from './present-logs.ts';
import { presentTask } from './present-task.ts';
import { streamReply } from './stream-reply.ts';

type EventsCall = Call<(typeof ROUTES)['customer']['Customer_Events']>;

const DATA_PREFIX = 'type.googleapis.com/bytenite.customer.';
const SERVICE_NAMES = {
  PARTITIONER: 'PARTITIONER',
  APP: 'TASKRUNNER',
  ASSEMBLER: 'ASSEMBLER',
} as const;

interface Format {
  type: string;
  message: (event: WatchedEvent, text: string) => string;
  error: (text: string) => string;
  keepAlive: string;
}

const NDJSON: Format = {
  type: 'application/x-ndjson',
  message: (_, text) => `${text}\n`,
  error: (text) => `${text}\n`,
  keepAlive: '\n',
};

const SERVER_SENT: Format = {
  type: 'text/event-stream',
  message: (event, text) => `id: ${event.id}\nevent: ${event.name}\ndata: ${text}\n\n`,
  error: (text) => `event: error\ndata: ${text}\n\n`,
  keepAlive: ': ping\n\n',
};

export function streamEvents(call: EventsCall): Response {
  const accepts = call.request.headers.get('accept') ?? '';
  const format = accepts.includes('text/event-stream') ? SERVER_SENT : NDJSON;
  const query = watchQuery(call);
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, call.request.signal, call.ctx.stopping]);
  const lines = encode(call, query, format, signal);
  const headers = { 'content-type': format.type, 'x-accel-buffering': 'no' };
  return streamReply(lines, headers, () => stop.abort());
}

async function* encode(
  call: EventsCall,
  query: WatchQuery,
  format: Format,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  try {
    for await (const events of watchEvents(call.ctx, call.account, query, signal)) {
      if (events === 'keep-alive') yield format.keepAlive;
      else yield messages(call, format, events);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) call.ctx.logger.error({ err: error }, 'event stream failed');
    const known = error instanceof ApiError ? error : new ApiError('INTERNAL', 'internal error');
    const { code } = ERRORS[known.kind];
    yield format.error(JSON.stringify({ error: { code, message: known.message, details: [] } }));
  }
}

function messages(call: EventsCall, format: Format, events: readonly WatchedEvent[]): string {
  return events
    .map((event) => format.message(event, stringifyWire(envelope(call, event))))
    .join('');
}

function watchQuery({ query, request }: EventsCall): WatchQuery {
  const id = request.headers.get('last-event-id') ?? query.lastEventId ?? '';
  if (!/^\d{0,16}$/.test(id) || !Number.isSafeInteger(Number(id)))
    throw invalid('lastEventId: must be the id of an event');
  return {
    jobId: query.jobId,
    names: namesOf(query.events ?? []),
    afterId: id === '' ? undefined : Number(id),
  };
}

function namesOf(names: readonly string[]): Set<EventName> {
  if (names.length === 0) return new Set(EVENT_NAMES);
  return new Set(
    names.map((name) => {
      const known = EVENT_NAMES.find((candidate) => candidate === name);
      if (known === undefined) throw invalid(`events: must be one of ${EVENT_NAMES.join(', ')}`);
      return known;
    }),
  );
}

function envelope(call: EventsCall, event: WatchedEvent): object {
  return { result: { event: event.name, id: String(event.id), data: dataOf(call, event) } };
}

function dataOf(call: EventsCall, event: WatchedEvent): object {
  switch (event.name) {
    case 'job.updated': {
      const job = presentJob(event.job, (jobNo) => uploadLink(call, jobNo));
      return { '@type': `${DATA_PREFIX}JobEvent`, jobId: job.id, job };
    }
    case 'task.updated': {
      const task = presentTask(event.task);
      return { '@type': `${DATA_PREFIX}TaskEvent`, jobId: task.jobId, task };
    }
    case 'log.appended':
      return {
        '@type': `${DATA_PREFIX}LogEvent`,
        jobId: event.jobId,
        taskId: taskIdOf(event.jobUuid, event.line.key),
        service: SERVICE_NAMES[event.line.key.kind],
        line: presentLine(event.line),
      };
  }
}
