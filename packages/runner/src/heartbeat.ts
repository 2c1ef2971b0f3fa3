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
const SHORTEST_TIMEOUT_MS = 1000;

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
      const isOk = await this.beat();
      const heartbeatMs = this.options.heartbeatMs();
      await sleep(isOk ? heartbeatMs : Math.min(RETRY_MS, heartbeatMs), this.signal);
    }
  }

  renewed(sentAt: number): void {
    this.renewedAt = sentAt;
    this.isLost = false;
  }

  private async beat(): Promise<boolean> {
    const request = this.options.request();
    const sentAt = monotonicMs();
    const timeoutMs = Math.max(SHORTEST_TIMEOUT_MS, this.options.heartbeatMs());
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
