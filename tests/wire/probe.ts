/** One request, and what holds for every reply whatever was asked. */
import { expect } from 'vitest';

export interface Probe {
  method: string;
  url: string;
  headers?: Record<string, string>;
  /** Sent as it is; without a Content-Type unless the headers name one. */
  body?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** The parsed body; undefined where the reply is a stream. */
  body: Record<string, unknown> | undefined;
}

const NO_JSON = new Set(['application/x-ndjson', 'text/event-stream']);

export async function probe({ method, url, headers = {}, body }: Probe): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers,
    // A string would bring a Content-Type of its own.
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const type = response.headers.get('content-type') ?? '';
  if (NO_JSON.has(type)) await response.body?.cancel();
  else if (type !== 'application/json') throw new Error(`${method} ${url} answers ${type}`);
  const answer: Answer = {
    status: response.status,
    headers: response.headers,
    body: NO_JSON.has(type) ? undefined : ((await response.json()) as Record<string, unknown>),
  };
  checkAnswer(answer, `${method} ${url}`);
  return answer;
}

function checkAnswer({ status, headers, body }: Answer, what: string): void {
  checkHeaders(headers, what);
  if (status === 500) throw new Error(`${what} answers 500`);
  if (status === 200) return;
  checkErrorBody(status, body, what);
  expect(headers.get('x-request-id')).toBe(body?.['requestId']);
}

export function checkHeaders(headers: Headers, what: string): void {
  const listOf = (name: string) => headers.get(name)?.split(', ');
  expect({
    what,
    requestId: headers.get('x-request-id'),
    origin: headers.get('access-control-allow-origin'),
    methods: listOf('access-control-allow-methods'),
    headers: listOf('access-control-allow-headers'),
    exposed: listOf('access-control-expose-headers'),
  }).toEqual({
    what,
    requestId: expect.stringMatching(/^req-/),
    origin: '*',
    methods: expect.arrayContaining(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    headers: expect.arrayContaining(ALLOWED_HEADERS),
    exposed: expect.arrayContaining(['X-Request-Id']),
  });
}

const ALLOWED_HEADERS = [
  'Authorization',
  'Content-Type',
  'Content-Disposition',
  'Idempotency-Key',
  'Last-Event-ID',
  'Range',
  'X-API-KEY',
];

export function checkErrorBody(status: number, body: unknown, what: string): void {
  expect({ what, body }).toEqual({
    what,
    body: {
      code: expect.any(Number),
      message: expect.stringMatching(/./),
      details: expect.any(Array),
      ok: false,
      requestId: expect.stringMatching(/^req-/),
      error: { code: status, message: expect.stringMatching(/./), description: expect.any(String) },
    },
  });
  const { message, error } = body as { message: string; error: { description: string } };
  expect(error.description).toBe(message);
}

/** What tells one outcome from another: not ids and times. */
export function outcomeOf({ status, body }: Answer): object {
  return status === 200 ? { status } : { status, code: body?.['code'], message: body?.['message'] };
}
