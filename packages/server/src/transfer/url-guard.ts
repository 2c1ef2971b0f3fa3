import type { LookupFunction } from 'node:net';

import { Agent, buildConnector, request } from 'undici';
import type { Dispatcher } from 'undici';

import { createGuardedLookup, refuseLiteral } from './guarded-lookup.ts';
import type { Resolve } from './guarded-lookup.ts';
import { followRedirect, isWebUrl } from './redirect.ts';
import type { Credentials, Hop } from './redirect.ts';
import { SourceError, displayUrl, explainFailure } from './source-error.ts';

export interface UrlGuardOptions {
  /** Opens loopback and private networks; link-local and metadata addresses stay closed. */
  allowPrivate: boolean;
  /** Time to connect, TLS included; default 10 s. */
  connectTimeoutMs?: number;
  /** Time from the request to the response's headers; default 60 s. */
  headersTimeoutMs?: number;
  /** Longest silence within a response's body; default 60 s. */
  idleTimeoutMs?: number;
  /** How host names become addresses; default the system's resolver. */
  resolve?: Resolve;
}

export interface GetOptions {
  credentials?: Credentials | null;
  signal?: AbortSignal | undefined;
  /** What the URL is, for messages; default `source URL`. */
  subject?: string;
}

export interface GuardedResponse {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  /** The caller reads it to its end or destroys it. */
  body: Dispatcher.ResponseData['body'];
  /** The request for messages: subject and URL, without credentials. */
  what: string;
}

/** The one gate for URLs that users name. Environment proxies are never used: they would resolve names unchecked. */
export interface UrlGuard {
  /** Connects to checked addresses only; for clients built on undici. It follows no redirects. */
  readonly dispatcher: Dispatcher;
  /** The same check for clients built on node:net, which must call assertAllowed for literal addresses. */
  readonly lookup: LookupFunction;
  /** Parses a URL. Throws SourceError unless it is http(s) and not a literal address that is not allowed. */
  assertAllowed(url: string, subject?: string): URL;
  /** GETs a URL, following up to five redirects, each checked. Rejects SourceError, or the signal's reason. */
  get(url: string, options?: GetOptions): Promise<GuardedResponse>;
  /** Closes idle connections after the requests under way are done. */
  close(): Promise<void>;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const SECOND = 1000;

export function createUrlGuard(options: UrlGuardOptions): UrlGuard {
  const { allowPrivate } = options;
  const lookup = createGuardedLookup(allowPrivate, options.resolve);
  const connector = buildConnector({
    timeout: options.connectTimeoutMs ?? 10 * SECOND,
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: SECOND, // Node's 250 ms gives up distant hosts
  });
  const dispatcher = new Agent({
    headersTimeout: options.headersTimeoutMs ?? 60 * SECOND,
    bodyTimeout: options.idleTimeoutMs ?? 60 * SECOND,
    keepAliveMaxTimeout: 30 * SECOND,
    connect(connectOptions, callback) {
      // node:net asks no lookup for a literal address.
      const refusal = refuseLiteral(connectOptions.hostname, allowPrivate);
      if (refusal === null) connector(connectOptions, callback);
      else callback(refusal, null);
    },
  });

  function assertAllowed(text: string, subject = 'source URL'): URL {
    const url = parseUrl(text, subject);
    checkLiteral(url, `${subject} ${displayUrl(url)}`, allowPrivate);
    return url;
  }

  async function get(
    text: string,
    { credentials = null, signal, subject }: GetOptions = {},
  ): Promise<GuardedResponse> {
    const url = assertAllowed(text, subject);
    const what = `${subject ?? 'source URL'} ${displayUrl(url)}`;
    const ownCredentials = takeCredentials(url);
    let hop: Hop = { url, credentials: credentials ?? ownCredentials };
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const where = redirects === 0 ? what : `${what}, redirected to ${displayUrl(hop.url)},`;
      checkLiteral(hop.url, where, allowPrivate);
      const response = await send(dispatcher, hop, where, signal);
      if (!REDIRECTS.has(response.statusCode)) {
        return {
          status: response.statusCode,
          headers: response.headers,
          body: response.body,
          what,
        };
      }
      response.body.destroy();
      hop = followRedirect(hop, locationOf(response, what), what);
    }
    throw new SourceError(`${what} redirects more than ${MAX_REDIRECTS} times`);
  }

  return { dispatcher, lookup, assertAllowed, get, close: () => dispatcher.close() };
}

async function send(
  dispatcher: Dispatcher,
  hop: Hop,
  what: string,
  signal: AbortSignal | undefined,
): Promise<Dispatcher.ResponseData> {
  signal?.throwIfAborted();
  const headers: Record<string, string> = {
    accept: '*/*',
    // What is stored is wanted byte for byte.
    'accept-encoding': 'identity',
    'user-agent': 'bytenite',
    ...(hop.credentials !== null && { authorization: basicAuth(hop.credentials) }),
  };
  try {
    const response = await request(hop.url, { dispatcher, headers, ...(signal && { signal }) });
    // A connection may break before anyone reads: that must not end the process. A reader still gets the error.
    response.body.on('error', () => undefined);
    return response;
  } catch (error) {
    signal?.throwIfAborted();
    throw explainFailure(error, what);
  }
}

function locationOf(response: Dispatcher.ResponseData, what: string): string {
  const { location } = response.headers;
  const first = Array.isArray(location) ? location[0] : location;
  if (first === undefined) {
    throw new SourceError(
      `${what} answered ${response.statusCode} (a redirect) without saying where to`,
    );
  }
  return first;
}

function parseUrl(text: string, subject: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  // The text is not repeated: in what is no web address there is no telling where a password stands.
  if (url === null || !isWebUrl(url))
    throw new SourceError(`${subject} must be a full http or https address`);
  url.hash = '';
  return url;
}

function checkLiteral(url: URL, what: string, allowPrivate: boolean): void {
  const refusal = refuseLiteral(url.hostname, allowPrivate);
  if (refusal !== null) throw explainFailure(refusal, what);
}

function takeCredentials(url: URL): Credentials | null {
  if (url.username === '' && url.password === '') return null;
  const credentials = { username: decode(url.username), password: decode(url.password) };
  url.username = '';
  url.password = '';
  return credentials;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function basicAuth({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
