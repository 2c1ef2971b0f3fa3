/** One HTTP exchange with the platform: address, credentials, time limit, retries of what is safe to repeat. */
import { ConnectionError } from './errors.ts';
import { decidePause, type RetryOptions } from './retry.ts';
import { wait } from './wait.ts';

export interface Credentials {
  /** An access token, or what brings one: asked again with `renew` after the platform refused the last. */
  token?: string | ((renew: boolean) => Promise<string>);
  apiKey?: string;
}

export interface TransportOptions extends Credentials {
  baseUrl: string;
  fetch?: typeof globalThis.fetch;
  /** Limit of one try, from sending to the last byte of the reply; default 30 000. */
  timeoutMs?: number;
  retry?: RetryOptions;
}

export interface HttpRequest {
  method: string;
  path: string;
  body?: string;
  headers?: Record<string, string>;
  /** False for calls that need no token. */
  authorize: boolean;
  /** Whether doing it twice is as good as doing it once. */
  isRepeatable: boolean;
}

export interface Transport {
  baseUrl: string;
  fetch: typeof globalThis.fetch;
  /** The reply with its whole text; repeats what did not get through where that does no harm. */
  exchange: (
    request: HttpRequest,
    limits: { timeoutMs?: number; signal?: AbortSignal },
  ) => Promise<{ response: Response; text: string }>;
  /** The reply's head, its body to be read by the caller; one try, no time limit of its own. */
  open: (request: HttpRequest, signal: AbortSignal) => Promise<Response>;
}

export function createTransport(options: TransportOptions): Transport {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  // Looked up at each call, and not as a method of the options, which browsers refuse.
  const send: typeof fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init);

  async function open(request: HttpRequest, signal: AbortSignal): Promise<Response> {
    const response = await attempt(request, signal, false);
    if (response.status !== 401 || typeof options.token !== 'function' || !request.authorize) {
      return response;
    }
    await response.body?.cancel();
    return attempt(request, signal, true);
  }

  async function attempt(request: HttpRequest, signal: AbortSignal, renew: boolean) {
    const headers = {
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...request.headers,
      ...(request.authorize && (await authorization(options, renew))),
    };
    return send(baseUrl + request.path, {
      method: request.method,
      headers,
      ...(request.body !== undefined && { body: request.body }),
      signal,
    });
  }

  async function once(request: HttpRequest, timeoutMs: number, outer: AbortSignal | undefined) {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = outer === undefined ? timeout : AbortSignal.any([timeout, outer]);
    try {
      const response = await open(request, signal);
      return { response, text: await response.text() };
    } catch (error) {
      outer?.throwIfAborted();
      if (timeout.aborted) {
        const message = `${baseUrl} did not answer within ${timeoutMs / 1000} s`;
        throw new ConnectionError(baseUrl, 'timeout', message, error);
      }
      throw connectionError(baseUrl, error);
    }
  }

  async function exchange(
    request: HttpRequest,
    limits: { timeoutMs?: number; signal?: AbortSignal },
  ) {
    const timeoutMs = limits.timeoutMs ?? options.timeoutMs ?? 30_000;
    for (let tries = 1; ; tries += 1) {
      const result = await once(request, timeoutMs, limits.signal).catch(asConnectionError);
      const outcome = result instanceof Error ? result : outcomeOf(result.response);
      const pauseMs = decidePause(outcome, tries, request.isRepeatable, options.retry ?? {});
      if (pauseMs === undefined) {
        if (result instanceof Error) throw result;
        return result;
      }
      await wait(pauseMs, limits.signal);
    }
  }

  return { baseUrl, fetch: send, exchange, open };
}

function outcomeOf({ status, headers }: Response) {
  return { status, retryAfter: headers.get('retry-after') };
}

async function authorization(credentials: Credentials, renew: boolean) {
  const { token, apiKey } = credentials;
  if (apiKey !== undefined) return { 'x-api-key': apiKey };
  if (token === undefined) return {};
  return { authorization: `Bearer ${typeof token === 'string' ? token : await token(renew)}` };
}

/** Errors of the connection are a result to look at; every other one is thrown on. */
function asConnectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  throw error;
}

/** `fetch failed` says nothing; its cause knows what happened. */
export function connectionError(url: string, error: unknown): unknown {
  // Only a TypeError is fetch's own; anything else (a token provider's error, say) is not about the connection.
  if (!(error instanceof TypeError)) return error;
  const { cause } = error;
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : error.message;
  return new ConnectionError(url, 'unreachable', `${url} could not be reached: ${reason}`, error);
}
