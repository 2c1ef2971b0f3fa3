/** Calls the API as a client would and tells how it went, also where it went wrong. */
import type { Platform } from '../support/platform.ts';

export const JOBS = '/v1/customer/jobs';

export interface Reply {
  status: number;
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests name what they expect to be there
  body: any;
}

/** A text is sent as it is, anything else as JSON. */
export async function send(
  platform: Platform,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(path.startsWith('http') ? path : platform.url + path, {
    method,
    headers: { authorization: platform.apiKey, ...headers },
    ...(body === undefined ? {} : { body: text }),
    signal: AbortSignal.timeout(30_000),
  });
  const reply = await response.text();
  return { status: response.status, text: reply, body: JSON.parse(reply) as unknown };
}

/** `400/9 message` of a call that must fail. */
export async function refusal(
  platform: Platform,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<string> {
  const reply = await send(platform, method, path, body, headers);
  const { code, message } = reply.body as { code?: number; message?: string };
  return reply.status === 200 ? '200' : `${reply.status}/${code} ${message}`;
}

/** Field paths that a refused call names. */
export function fieldsOf({ body }: Reply): string[] {
  const { details } = body as { details: { fieldViolations: { field: string }[] }[] };
  return details.flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field));
}

export async function createJob(platform: Platform, body: unknown): Promise<string> {
  const { status, text, body: reply } = await send(platform, 'POST', JOBS, body);
  if (status !== 200) throw new Error(text);
  return (reply as { job: { id: string } }).job.id;
}

export async function runJob(platform: Platform, id: string): Promise<void> {
  await platform.call('POST', `${JOBS}/${id}/run`);
}
