/**
 * Renews the leases. A success renews the deadline of the supervisors by the length of a lease from
 * the moment the request was sent; without one they end all tasks by themselves.
 */
import type { HeartbeatRequest } from '@bytenite/contract';
import type { Logger } from 'pino';
import { monotonicMs, type ServerClock } from './clock.ts';
import { describeError } from './errors.ts';
import { type ServerClient, ServerError } from './server-client.ts';

export interface HeartbeatOptions {
  request(): HeartbeatRequest;
  leaseMs(): number;
  heartbeatMs(): number;
  onSuccess(sentAt: number, kill: readonly string[], request: HeartbeatRequest): void;
  /** Nothing was renewed for the length of a lease: all leases are over. */
  onLost(): void;
  register(): Promise<void>;
}

const RETRY_MS = 500;
/** Of a lease: so that one beat that gets no answer leaves time for another. */
const TIMEOUT_SHARE = 1 / 3;
const SHORTEST_TIMEOUT_MS = 1000;
/** Beats take at most this share of the time: of thousands of leases, or on a busy server, they last longer. */
const BUSY_SHARE = 1 / 10;
/** Of a lease, from one beat to the next, unless a single one takes longer. */
const LONGEST_PERIOD_SHARE = 1 / 5;

export class Heartbeat {
  private renewedAt = monotonicMs();
  private isLost = false;

  private readonly client: ServerClient;
  private readonly clock: ServerClock;
  private readonly log: Logger;
  private readonly signal: AbortSignal;
  private readonly options: HeartbeatOptions;

  constructor(
    client: ServerClient,
    clock: ServerClock,
    log: Logger,
    signal: AbortSignal,
    options: HeartbeatOptions,
  ) {
    this.client = client;
    this.clock = clock;
    this.log = log;
    this.signal = signal;
    this.options = options;
  }

  /** Beats until the signal; never throws. */
  async run(): Promise<void> {
    this.renewed(monotonicMs());
    while (!this.signal.aborted) {
      const begunAt = monotonicMs();
      const isOk = await this.beat();
      const { options } = this;
      const settings = { heartbeatMs: options.heartbeatMs(), leaseMs: options.leaseMs() };
      const pauseMs = isOk
        ? pauseAfter(monotonicMs() - begunAt, settings)
        : Math.min(RETRY_MS, settings.heartbeatMs);
      await sleep(pauseMs, this.signal);
    }
  }

  renewed(sentAt: number): void {
    this.renewedAt = sentAt;
    this.isLost = false;
  }

  private async beat(): Promise<boolean> {
    const request = this.options.request();
    const sentAt = monotonicMs();
    const timeoutMs = Math.max(SHORTEST_TIMEOUT_MS, this.options.leaseMs() * TIMEOUT_SHARE);
    try {
      const reply = await this.client.heartbeat(request, timeoutMs, this.signal);
      this.clock.update(reply.now, sentAt);
      this.renewed(sentAt);
      this.options.onSuccess(sentAt, reply.kill, request);
      return true;
    } catch (error) {
      if (this.signal.aborted) return false;
      this.log.warn({ error: describeError(error) }, 'heartbeat failed');
      if (error instanceof ServerError && error.mustRegister) await this.options.register();
      if (!this.isLost && monotonicMs() - this.renewedAt > this.options.leaseMs()) {
        this.isLost = true;
        this.options.onLost();
      }
      return false;
    }
  }
}

/** How long to wait after a beat that took so long. */
export function pauseAfter(
  tookMs: number,
  { heartbeatMs, leaseMs }: { heartbeatMs: number; leaseMs: number },
): number {
  const longest = Math.max(heartbeatMs, leaseMs * LONGEST_PERIOD_SHARE - tookMs);
  return Math.min(longest, Math.max(heartbeatMs, tookMs / BUSY_SHARE));
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
