/** Calls by their operation id, over a transport. */
import { stringifyWire } from '@bytenite/contract';
import type { z } from 'zod';
import type { Caller, CallOptions } from './caller.ts';
import { errorFromReply } from './errors.ts';
import { streamEvents } from './events.ts';
import { buildPath, findOperation, isRepeatable } from './operations.ts';
import { decodeReply } from './reply.ts';
import type { Transport } from './transport.ts';

interface LooseInput {
  params?: Record<string, string>;
  query?: object;
  body?: unknown;
}

export function createCaller(transport: Transport): Caller {
  async function text(id: string, input: LooseInput = {}, options: CallOptions = {}) {
    const operation = findOperation(id);
    // Elsewhere the platform knows no keys: repeated, the call would be done twice.
    const key = operation.route.idempotent === true ? options.idempotencyKey : undefined;
    const { response, text: reply } = await transport.exchange(
      {
        method: operation.route.method,
        path: buildPath(operation, input.params ?? {}, input.query ?? {}),
        authorize: operation.route.open !== true,
        isRepeatable: key !== undefined || isRepeatable(operation),
        ...(key !== undefined && { headers: { 'idempotency-key': key } }),
        ...(operation.route.body !== undefined && { body: stringifyWire(input.body ?? {}) }),
      },
      options,
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
    fetch: transport.fetch,
    // The routes type both ends of a call; in between they are looked up by their id.
    call: call as Caller['call'],
    text,
    events: (options = {}) => streamEvents(transport, options),
  };
}
