/** A client of `GET /events` that reads both of its forms. */
import type { Platform } from '../support/platform.ts';

export interface WireEvent {
  event: string;
  id: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests name what they expect to be there
  data: Record<string, any>;
}

export interface Events {
  contentType: string | null;
  /** All events from now to the first that fits. */
  until: (fits: (event: WireEvent) => boolean) => Promise<WireEvent[]>;
  /** The error that ends the stream. */
  ended: () => Promise<{ error: unknown }>;
  close: () => Promise<void>;
}

type Message = { result: WireEvent } | { error: unknown };

export async function openEvents(
  platform: Platform,
  query: string,
  accept = 'application/x-ndjson',
  headers: Record<string, string> = {},
): Promise<Events> {
  const stop = new AbortController();
  const response = await fetch(`${platform.url}/v1/customer/events${query}`, {
    headers: { authorization: platform.apiKey, accept, ...headers },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]),
  });
  if (response.body === null) throw new Error('no stream');
  // Locked at once: a body that nobody reads yet is cancelled when its response is collected.
  const parts = response.body.values();
  const messages = messagesOf(parts, accept === 'text/event-stream');
  const next = async (): Promise<Message> => {
    const { done, value } = await messages.next();
    if (done === true) throw new Error('the stream has ended');
    return value;
  };
  return {
    contentType: response.headers.get('content-type'),
    async until(fits) {
      const seen: WireEvent[] = [];
      for (;;) {
        const message = await next();
        if ('error' in message) throw new Error(JSON.stringify(message.error));
        seen.push(message.result);
        if (fits(message.result)) return seen;
      }
    },
    async ended() {
      const message = await next();
      if ('error' in message) return message;
      throw new Error('an event, not an error');
    },
    async close() {
      stop.abort();
      await messages.return(undefined).catch(() => undefined);
    },
  };
}

async function* messagesOf(
  parts: AsyncIterable<Uint8Array>,
  isServerSent: boolean,
): AsyncGenerator<Message, undefined> {
  const decoder = new TextDecoder();
  const end = isServerSent ? '\n\n' : '\n';
  let rest = '';
  for await (const part of parts) {
    const blocks = (rest + decoder.decode(part, { stream: true })).split(end);
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const message = isServerSent ? ofBlock(block) : ofLine(block);
      if (message !== null) yield message;
    }
  }
  return undefined;
}

function ofLine(line: string): Message | null {
  return line === '' ? null : (JSON.parse(line) as Message);
}

/** The envelope, whose name and id the block's own lines must repeat. */
function ofBlock(block: string): Message | null {
  const fields = new Map(
    block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]),
  );
  const data = fields.get('data');
  if (data === undefined) return null;
  const message = JSON.parse(data) as Message;
  if ('error' in message) return message;
  const { event, id } = message.result;
  if (fields.get('event') !== event || fields.get('id') !== id) throw new Error(block);
  return message;
}
