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
  else expect(type, `${method} ${url}`).toBe('application/json');
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
  expect(status, what).not.toBe(500);
  if (status === 200) return;
  checkErrorBody(status, body, what);
  expect(headers.get('x-request-id'), what).toBe(body?.['requestId']);
}

export function checkHeaders(headers: Headers, what: string): void {
  expect(headers.get('x-request-id'), what).toMatch(/^req-/);
  expect(headers.get('access-control-allow-origin'), what).toBe('*');
  const methods = headers.get('access-control-allow-methods')?.split(', ');
  expect(methods, what).toEqual(expect.arrayContaining(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']));
  const allowed = headers.get('access-control-allow-headers')?.split(', ');
  expect(allowed, what).toEqual(expect.arrayContaining(ALLOWED_HEADERS));
  expect(headers.get('access-control-expose-headers'), what).toContain('X-Request-Id');
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
  expect(body, what).toEqual({
    code: expect.any(Number),
    message: expect.stringMatching(/./),
    details: expect.any(Array),
    ok: false,
    requestId: expect.stringMatching(/^req-/),
    error: { code: status, message: expect.stringMatching(/./), description: expect.any(String) },
  });
  const { message, error } = body as { message: string; error: { description: string } };
  expect(error.description, what).toBe(message);
}

/** What tells one outcome from another: not ids and times. */
export function outcomeOf({ status, body }: Answer): object {
  return { status, code: body?.['code'], message: status === 200 ? undefined : body?.['message'] };
}
