import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import type { StreamEvent } from './events.ts';
import { errorBody, json, serve } from './testing/serve.ts';

function logLine(id: string, log: string): string {
  const line = { log, timestamp: '2026-02-03T09:14:41Z', level: 'UNKNOWN', container: '' };
  const data = { '@type': 'x', jobId: 'j', taskId: 't', service: 'TASKRUNNER', line };
  return `${JSON.stringify({ result: { event: 'log.appended', id, data } })}\n`;
}

function start(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.write(text);
}

function summary(event: StreamEvent): string {
  if (event.event === 'open') return event.resumed ? 'resumed' : 'open';
  return event.event === 'log.appended' ? `${event.id} ${event.line.log}` : event.id;
}

/** The first events, until the last one wanted; leaves the stream as a consumer does. */
async function take(events: AsyncIterable<StreamEvent>, last: string): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    seen.push(summary(event));
    if (seen.at(-1) === last) break;
  }
  return seen;
}

describe('events', () => {
  it('come through whatever pieces the stream arrives in', async () => {
    const server = await serve((_, response) => {
      const text = `\n${logLine('1', 'a')}\n${logLine('2', 'ü')}`;
      const bytes = Buffer.from(text);
      start(response, '');
      const cut = bytes.indexOf(0xc3) + 1; // inside the two bytes of ü
      response.write(bytes.subarray(0, cut));
      setImmediate(() => response.write(bytes.subarray(cut)));
    });
    const client = createClient({ baseUrl: server.url });
    expect(await take(client.events({ jobId: 'j', events: ['log.appended'] }), '2 ü')).toEqual([
      'open',
      '1 a',
      '2 ü',
    ]);
    expect(server.requests).toEqual(['GET /v1/computing/events?jobId=j&events=log.appended']);
  });

  it('go on behind the last one when the connection breaks', async () => {
    const server = await serve((request, response) => {
      if (request.url?.includes('lastEventId=7')) return start(response, logLine('8', 'b'));
      start(response, logLine('7', 'a'));
      setImmediate(() => request.socket.destroy());
    });
    const client = createClient({ baseUrl: server.url });
    expect(await take(client.events(), '8 b')).toEqual(['open', '7 a', 'resumed', '8 b']);
  });

  it('go on when the server restarts and answers 503 for a while', async () => {
    let calls = 0;
    const server = await serve((_, response) => {
      calls += 1;
      if (calls === 1) return void response.end();
      if (calls === 2) return json(response, errorBody(14, 'starting'), 503);
      start(response, logLine('1', 'a'));
    });
    const client = createClient({ baseUrl: server.url });
    expect(await take(client.events(), '1 a')).toEqual(['open', 'open', '1 a']);
  });

  it('end with the error that the platform ends them with', async () => {
    const server = await serve((_, response) => {
      start(response, `{"error":{"code":11,"message":"too old","details":[]}}\n`);
    });
    const client = createClient({ baseUrl: server.url });
    await expect(take(client.events({ lastEventId: '1' }), '')).rejects.toMatchObject({
      kind: 'OUT_OF_RANGE',
      message: 'too old',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('end with an error when the call is refused', async () => {
    const server = await serve((_, response) => json(response, errorBody(16, 'no'), 401));
    const client = createClient({ baseUrl: server.url });
    await expect(take(client.events(), '')).rejects.toMatchObject({ kind: 'UNAUTHENTICATED' });
    expect(server.requests).toHaveLength(1);
  });

  it('end quietly at the abort, and the connection with them', async () => {
    const controller = new AbortController();
    let closed: Promise<unknown> | undefined;
    const server = await serve((request, response) => {
      closed = new Promise((resolve) => request.socket.once('close', resolve));
      start(response, logLine('1', 'a'));
    });
    const client = createClient({ baseUrl: server.url });
    const seen: string[] = [];
    for await (const event of client.events({ signal: controller.signal })) {
      seen.push(summary(event));
      if (event.event !== 'open') controller.abort();
    }
    expect(seen).toEqual(['open', '1 a']);
    await closed;
  });
});
