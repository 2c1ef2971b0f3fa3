/** Calls of a client that does not give up: each is repeated until it is answered. */

/** A server that is restarted answers again within this time. */
const CALL_MS = 60_000;
const RETRY_MS = 30;
/** Not now: too much to do, no database, no room. Whoever says so has done nothing. */
const LATER = [429, 503];

export interface Caller {
  url: string;
  apiKey: string;
}

interface Answer {
  status: number;
  body: unknown;
}

interface CallOptions {
  /** Part of a 400 that says that an earlier, unanswered call had its effect. */
  isDone?: string;
  /** Idempotency-Key: an earlier, unanswered call had its effect, and this one gets its reply. */
  key?: string;
  /** Sent twice at the same time, which must be as once. */
  isTwice?: boolean;
}

export async function callUntilAnswered(
  caller: Caller,
  method: string,
  route: string,
  body?: unknown,
  { isDone, key, isTwice = false }: CallOptions = {},
): Promise<Answer> {
  const send = () =>
    fetch(caller.url + route, {
      method,
      headers: {
        authorization: caller.apiKey,
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...callLimits(),
    });
  if (!isTwice) return untilAnswered(send, isDone);
  const [one, other] = await Promise.all([
    untilAnswered(send, isDone),
    untilAnswered(send, isDone),
  ]);
  if (JSON.stringify(one) === JSON.stringify(other)) return one;
  throw new Error(
    `${method} ${route} with the key ${key} had two replies: ${JSON.stringify([one, other])}`,
  );
}

export function callLimits() {
  return { signal: AbortSignal.timeout(CALL_MS) };
}

export async function untilAnswered(
  send: () => Promise<Response>,
  isDone?: string,
): Promise<Answer> {
  const deadline = Date.now() + CALL_MS;
  for (;;) {
    const answer = await sendOnce(send).catch((error: unknown) => {
      // The server is away: this call may have had its effect or not.
      if (Date.now() > deadline) throw error;
      return null;
    });
    if (answer !== null) {
      const { status, text } = answer;
      if (status === 200) return { status, body: JSON.parse(text || 'null') as unknown };
      if (status === 400 && isDone !== undefined && text.includes(isDone)) {
        return { status, body: {} };
      }
      if (!LATER.includes(status) || Date.now() > deadline) {
        throw new Error(`the server answered ${status}: ${text}`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function sendOnce(send: () => Promise<Response>): Promise<{ status: number; text: string }> {
  const response = await send();
  return { status: response.status, text: await response.text() };
}
