/** Calls of the runner to its server. Every call has a timeout; streams have one for silence only. */
import type { Readable } from 'node:stream';
import {
  type CacheListing,
  type CacheScope,
  decodeMessage,
  encodeMessage,
  ExchangeReply,
  type ExchangeRequest,
  HeartbeatReply,
  type HeartbeatRequest,
  NO_SPACE_REASON,
  reasonOf,
  type RunnerRegistration,
  RunnerWelcome,
  StoredResult,
} from '@bytenite/contract';
import { Agent, type Dispatcher, request } from 'undici';

const CALL_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
const JSON_TYPE = 'application/json';

/** The server answered, with an error. */
export class ServerError extends Error {
  override name = 'ServerError';
  readonly status: number;
  /** For programs; `''` where the status says enough. */
  readonly reason: string;

  constructor(status: number, message: string, reason = '') {
    super(message);
    this.status = status;
    this.reason = reason;
  }

  /** On a call about a lease: another attempt owns the task now, or the job is over. */
  get leaseIsGone(): boolean {
    return this.status === 404 || this.status === 409;
  }

  /** The server does not know this runner (any more). */
  get mustRegister(): boolean {
    return this.status === 401;
  }

  /** The server understood, and says no. */
  get isRefusal(): boolean {
    return this.status === 400;
  }

  /** The server's disk has no room for this. */
  get lacksRoom(): boolean {
    return this.reason === NO_SPACE_REASON;
  }

  /** Sending the same again may work. */
  get isTransient(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

export interface ExchangeAnswer {
  reply: ExchangeReply;
  tail: Uint8Array;
}

export class ServerClient {
  private readonly agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: 30_000,
  });
  private readonly base: string;
  private readonly token: string;

  constructor(server: URL, token: string) {
    this.token = token;
    this.base = new URL('v1/runner/', withSlash(server)).href;
  }

  async register(registration: RunnerRegistration, signal: AbortSignal): Promise<RunnerWelcome> {
    return RunnerWelcome.parse(await this.postJson('register', registration, signal));
  }

  async heartbeat(
    beat: HeartbeatRequest,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<HeartbeatReply> {
    return HeartbeatReply.parse(await this.postJson('heartbeat', beat, signal, timeoutMs));
  }

  async exchange(
    header: ExchangeRequest,
    tail: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<ExchangeAnswer> {
    const response = await this.call('exchange', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: encodeMessage(header, tail),
      headersTimeout: header.waitMs + CALL_TIMEOUT_MS,
      bodyTimeout: IDLE_TIMEOUT_MS,
      signal,
    });
    const message = decodeMessage(await response.body.bytes());
    return { reply: ExchangeReply.parse(message.header), tail: message.tail };
  }

  /** The input of a lease as a file stream (see file-stream.ts of the contract). */
  async openInput(lease: string, signal: AbortSignal): Promise<Readable> {
    return this.open(`leases/${lease}/input`, signal);
  }

  /** A component's package, a tar. */
  async openPackage(hashHex: string, signal: AbortSignal): Promise<Readable> {
    return this.open(`packages/${hashHex}`, signal);
  }

  /** What changed in a cache that a lease uses, since a version (see cache-stream.ts of the contract). */
  async openCache(
    lease: string,
    { scope, have }: { scope: CacheScope; have: string },
    signal: AbortSignal,
  ): Promise<Readable> {
    return this.open(`leases/${lease}/caches/${scope}?have=${encodeURIComponent(have)}`, signal);
  }

  async putCacheListing(listing: CacheListing, signal: AbortSignal): Promise<void> {
    const response = await this.sendJson('PUT', 'cache-listing', listing, signal);
    await response.body.dump();
  }

  /** `bytes` are those of the files: where there is no room for them nothing is sent in vain. */
  async putResult(
    lease: string,
    { body, bytes }: { body: Readable; bytes: number },
    signal: AbortSignal,
  ): Promise<StoredResult> {
    const response = await this.call(`leases/${lease}/result?bytes=${bytes}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body,
      headersTimeout: IDLE_TIMEOUT_MS,
      bodyTimeout: IDLE_TIMEOUT_MS,
      signal,
    });
    return StoredResult.parse(await response.body.json());
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async open(path: string, signal: AbortSignal): Promise<Readable> {
    const response = await this.call(path, {
      method: 'GET',
      headersTimeout: IDLE_TIMEOUT_MS,
      bodyTimeout: IDLE_TIMEOUT_MS,
      signal,
    });
    return response.body;
  }

  private async postJson(
    path: string,
    value: unknown,
    signal: AbortSignal,
    timeoutMs: number = CALL_TIMEOUT_MS,
  ): Promise<unknown> {
    return (await this.sendJson('POST', path, value, signal, timeoutMs)).body.json();
  }

  private async sendJson(
    method: 'POST' | 'PUT',
    path: string,
    value: unknown,
    signal: AbortSignal,
    timeoutMs: number = CALL_TIMEOUT_MS,
  ): Promise<Dispatcher.ResponseData> {
    return this.call(path, {
      method,
      headers: { 'content-type': JSON_TYPE },
      body: JSON.stringify(value),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
    });
  }

  private async call(
    path: string,
    options: Omit<Dispatcher.RequestOptions, 'path' | 'origin' | 'headers'> & {
      headers?: Record<string, string>;
    },
  ): Promise<Dispatcher.ResponseData> {
    const response = await request(this.base + path, {
      ...options,
      headers: { ...options.headers, authorization: `Bearer ${this.token}` },
      dispatcher: this.agent,
    });
    if (response.statusCode >= 200 && response.statusCode < 300) return response;
    throw await serverError(response);
  }
}

function withSlash(server: URL): URL {
  const url = new URL(server);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function serverError(response: Dispatcher.ResponseData): Promise<ServerError> {
  const text = await response.body.text().catch(() => '');
  const { statusCode: status } = response;
  let detail = text.slice(0, 500);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) {
      detail = String(parsed.message);
      const reason = 'details' in parsed ? reasonOf(parsed.details) : '';
      if (reason === NO_SPACE_REASON) return new ServerError(status, detail, reason);
    }
  } catch {
    // A proxy's page: its text has to do.
  }
  return new ServerError(status, `HTTP ${status}: ${detail}`);
}
