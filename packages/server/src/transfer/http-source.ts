import { fileNameOf } from './file-name.ts';
import { SourceError, explainFailure } from './source-error.ts';
import type { GuardedResponse, UrlGuard } from './url-guard.ts';

export interface HttpSourceParams {
  url: string;
  /** Names the file; empty: the URL does. */
  name: string;
  /** Empty: none is sent, unless the URL itself holds one. */
  username: string;
  password: string;
}

export interface HttpSource {
  /** A safe file name. */
  name: string;
  /** Bytes as announced, or null. */
  size: number | null;
  /** What else the other side says about it. */
  properties: Record<string, string>;
  /** The content, once; it throws SourceError when less arrives than announced or more than allowed. */
  body: AsyncIterable<Uint8Array>;
  /** Ends the connection of a body that is not wanted. */
  cancel(): void;
}

export interface HttpSourceOptions {
  signal?: AbortSignal | undefined;
  /** Default 5 GiB. */
  maxBytes?: number | undefined;
  /** Within each such time something worth the wait must arrive; default a minute. */
  idleMs?: number | undefined;
}

const MINUTE = 60_000;
/** One byte now and then is not silence, but it would never end: about 1 KiB/s over a minute. */
const MIN_BYTES_PER_IDLE_TIME = 64 * 1024;

export const DEFAULT_MAX_SOURCE_BYTES = 5 * 1024 ** 3;

/** Opens a user's URL for reading. Rejects SourceError, or the signal's reason; tries once. */
export async function openHttpSource(
  params: HttpSourceParams,
  guard: UrlGuard,
  { signal, maxBytes = DEFAULT_MAX_SOURCE_BYTES, idleMs = MINUTE }: HttpSourceOptions = {},
): Promise<HttpSource> {
  const credentials =
    params.username === '' ? null : { username: params.username, password: params.password };
  const response = await guard.get(params.url, { credentials, signal });
  const size = announcedSize(response);
  function cancel(): void {
    response.body.destroy();
  }
  try {
    checkStatus(response);
    if (size !== null && size > maxBytes) throw tooLarge(response.what, maxBytes);
  } catch (error) {
    cancel();
    throw error;
  }
  const name = fileNameOf(params.name) ?? fileNameOf(decodedPath(params.url)) ?? 'source';
  return {
    name,
    size,
    properties: propertiesOf(response),
    body: readBody(response, size, { maxBytes, idleMs, signal }),
    cancel,
  };
}

async function* readBody(
  { body, what }: GuardedResponse,
  size: number | null,
  {
    maxBytes,
    idleMs,
    signal,
  }: { maxBytes: number; idleMs: number; signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  let received = 0;
  let since = { at: performance.now(), received };
  try {
    for await (const part of body as AsyncIterable<Uint8Array>) {
      received += part.byteLength;
      if (received > maxBytes) throw tooLarge(what, maxBytes);
      if (performance.now() - since.at > idleMs) {
        if (received - since.received < MIN_BYTES_PER_IDLE_TIME)
          throw tooSlow(what, received, size);
        since = { at: performance.now(), received };
      }
      yield part;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SourceError) throw error;
    const { message, isTransient } = explainFailure(error, what);
    throw new SourceError(`${message} (${progress(received, size)} were read)`, {
      isTransient,
      cause: error,
    });
  }
  if (size !== null && received !== size) {
    throw new SourceError(`${what} ended early (${progress(received, size)} were read)`, {
      isTransient: true,
    });
  }
}

function progress(received: number, size: number | null): string {
  return size === null ? `${received} bytes` : `${received} of ${size} bytes`;
}

const HINTS: Readonly<Record<number, string>> = {
  401: ' (check the user name and password)',
  403: ' (check the user name and password, or whether the link has expired)',
  404: ' (check the address)',
  407: ' (proxies are not supported)',
  410: ' (the link may have expired)',
};

const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 421, 425, 429]);

function checkStatus({ status, what }: GuardedResponse): void {
  // 206 answers a question that was not asked: it would be taken for the whole.
  if (status >= 200 && status < 300 && status !== 206) return;
  const isTransient = status >= 500 || TRANSIENT_STATUSES.has(status);
  throw new SourceError(`${what} answered ${status}${HINTS[status] ?? ''}`, {
    status,
    isTransient,
  });
}

function tooLarge(what: string, maxBytes: number): SourceError {
  return new SourceError(
    `${what} is larger than the ${maxBytes} bytes that this server allows for a source`,
  );
}

function tooSlow(what: string, received: number, size: number | null): SourceError {
  return new SourceError(
    `${what} sends too slowly to ever end (${progress(received, size)} were read)`,
    {
      isTransient: true,
    },
  );
}

const PROPERTIES = { contentType: 'content-type', lastModified: 'last-modified', etag: 'etag' };

function propertiesOf({ headers }: GuardedResponse): Record<string, string> {
  return Object.fromEntries(
    Object.entries(PROPERTIES).flatMap(([property, header]) => {
      const value = headers[header];
      return typeof value === 'string' ? [[property, value]] : [];
    }),
  );
}

function announcedSize({ headers }: GuardedResponse): number | null {
  const value = headers['content-length'];
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : null;
}

function decodedPath(url: string): string {
  const path = new URL(url).pathname;
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a lone % is an ordinary character to many servers
  }
}
