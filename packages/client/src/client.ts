import { stringifyWire } from '@bytenite/contract';
import type { z } from 'zod';
import { errorFromReply } from './errors.ts';
import { streamEvents, type EventsOptions, type StreamEvent } from './events.ts';
import {
  buildPath,
  findOperation,
  type CallId,
  type CallInput,
  type CallReply,
} from './operations.ts';
import { decodeReply } from './reply.ts';
import { createTransport, type TransportOptions } from './transport.ts';

export type ClientOptions = TransportOptions;

export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
}

type CallArguments<Id extends CallId> =
  Partial<CallInput<Id>> extends CallInput<Id>
    ? [input?: CallInput<Id>, options?: CallOptions]
    : [input: CallInput<Id>, options?: CallOptions];

export interface Client {
  readonly baseUrl: string;
  /** Makes a call; user data in the reply stays the text it came as. Throws RemoteError when refused. */
  call: <Id extends CallId>(id: Id, ...args: CallArguments<Id>) => Promise<CallReply<Id>>;
  /** Makes a call and returns the reply's JSON as it came. */
  text: <Id extends CallId>(id: Id, ...args: CallArguments<Id>) => Promise<string>;
  /** Follows changes until the signal aborts; see StreamEvent for what to do after `open`. */
  events: (options?: EventsOptions) => AsyncGenerator<StreamEvent, void, undefined>;
}

interface LooseInput {
  params?: Record<string, string>;
  query?: object;
  body?: unknown;
}

export function createClient(options: ClientOptions): Client {
  const transport = createTransport(options);

  async function text(id: string, input: LooseInput = {}, call: CallOptions = {}) {
    const operation = findOperation(id);
    const { response, text: reply } = await transport.exchange(
      {
        method: operation.route.method,
        path: buildPath(operation, input.params ?? {}, input.query ?? {}),
        authorize: operation.route.open !== true,
        ...(operation.route.body !== undefined && { body: stringifyWire(input.body ?? {}) }),
      },
      call,
    );
    if (!response.ok) throw errorFromReply(id, response, reply);
    return reply;
  }

  async function call(id: string, input?: LooseInput, options?: CallOptions) {
    const reply = await text(id, input, options);
    return decodeReply(id, findOperation(id).route.reply as z.ZodType, reply);
  }

  return {
    baseUrl: transport.baseUrl,
    // The routes type both ends of a call; in between they are looked up by their id.
    call: call as Client['call'],
    text,
    events: (eventsOptions = {}) => streamEvents(transport, eventsOptions),
  };
}
