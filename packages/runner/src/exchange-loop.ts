/**
 * When the runner talks to the server, and what it asks for.
 *
 * There are two lanes, each with at most one call in flight. The short lane carries reports and waits
 * for nothing. The long lane is a long poll that asks for work and carries nothing, so that an end is
 * never held back behind it and a broken poll loses no report. Either may bring work. Nothing is asked
 * for twice: what a call in flight asks for is taken off what the next one asks for. A long poll that
 * breaks may lose grants on the way; their leases are named by no heartbeat, and so end.
 *
 * Reports are sent at once when the runner is idle or has nothing left in store; otherwise they are
 * gathered for some milliseconds, so that many short tasks share one call. While a call is in flight
 * the next batch gathers by itself.
 *
 * When the server cannot be reached both lanes back off and try forever. Tasks run on until their
 * lease is over (the supervisors see to that), reports are kept.
 */
import type { ExchangeReply, ExchangeRequest } from '@bytenite/contract';
import { tailSlice } from '@bytenite/contract';
import type { Logger } from 'pino';
import type { GrantedTask } from './attempt.ts';
import { Backoff } from './backoff.ts';
import { monotonicMs, type ServerClock } from './clock.ts';
import { describeError } from './errors.ts';
import { failpoint } from './failpoint.ts';
import type { Batch, Outbox } from './outbox.ts';
import { type ServerClient, ServerError } from './server-client.ts';
import type { Wanted, WorkList } from './work-list.ts';

export interface ExchangeLoopDeps {
  client: ServerClient;
  outbox: Outbox;
  work: WorkList;
  clock: ServerClock;
  log: Logger;
  signal: AbortSignal;
  identity(): { runnerId: string; incarnation: string };
  onGrant(granted: GrantedTask): void;
  onKill(leases: readonly string[]): void;
  leaseMs(): number;
  /** The server does not know this runner: register, then go on. */
  register(): Promise<void>;
}

type Lane = 'short' | 'long';

const NOTHING: Wanted['free'] = { cpus: 0, memoryBytes: 0, gpus: [] };

const LONG_POLL_MS = 20_000;
/** A lease is counted from when its call was sent: most of it must be left when the call is answered. */
const LONG_POLL_SHARE = 1 / 3;
/** Ends are gathered this long while there is other work. */
const GATHER_MS = 80;
const GATHER_ENDS = 200;
/** Lines and phases wait this long for a call that goes anyway. */
const LINES_MS = 200;

export class ExchangeLoop {
  private readonly asked = new Map<Lane, Wanted>();
  private readonly backoff = new Backoff();
  private timer: NodeJS.Timeout | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private shortCall: Promise<boolean> | undefined;
  private stopped = false;
  private readonly longAbort = new AbortController();
  private readonly deps: ExchangeLoopDeps;

  constructor(deps: ExchangeLoopDeps) {
    this.deps = deps;
    deps.signal.addEventListener('abort', () => this.longAbort.abort());
  }

  /** An attempt has ended, was given back, or a place is free. */
  notifyEnd(): void {
    const isUrgent = this.deps.work.isHungry || this.deps.outbox.endCount >= GATHER_ENDS;
    this.wakeIn(isUrgent ? 0 : GATHER_MS);
    if (!isUrgent && this.deps.work.isStoreLow) this.wakeIn(0);
  }

  notifyLines(): void {
    this.wakeIn(LINES_MS);
  }

  start(): void {
    this.wakeIn(0);
  }

  /** Sends what is left; the long poll is given up first. */
  async finish(signal: AbortSignal): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.longAbort.abort();
    await this.shortCall;
    const ask = { free: { ...NOTHING }, prefetch: 0, idle: false };
    while (!this.deps.outbox.isEmpty && !signal.aborted) {
      if (!(await this.call('short', this.deps.outbox.take(), ask, 0, signal))) return;
    }
  }

  private wakeIn(delayMs: number): void {
    const atMs = monotonicMs() + delayMs;
    if (this.stopped || atMs >= this.timerAtMs) return;
    clearTimeout(this.timer);
    this.timerAtMs = atMs;
    this.timer = setTimeout(() => {
      this.timerAtMs = Number.POSITIVE_INFINITY;
      this.turn();
    }, delayMs);
  }

  private turn(): void {
    // A call in flight calls back when it ends.
    if (this.stopped || this.asked.has('short') || this.backoff.isWaiting) return;
    const ask = this.net(this.deps.work.wanted());
    if (this.hasReports) {
      void this.run('short', this.deps.outbox.take(), ask, 0);
    } else if (!this.asked.has('long') && (ask.free.cpus > 0 || ask.prefetch > 0)) {
      const waitMs = Math.min(LONG_POLL_MS, this.deps.leaseMs() * LONG_POLL_SHARE);
      void this.run('long', this.deps.outbox.take(), ask, waitMs);
    }
  }

  private get hasReports(): boolean {
    return !this.deps.outbox.isEmpty || this.deps.work.phaseReports().length > 0;
  }

  private async run(lane: Lane, batch: Batch, ask: Wanted, waitMs: number): Promise<void> {
    const signal = lane === 'long' ? this.longAbort.signal : this.deps.signal;
    const call = this.call(lane, batch, ask, waitMs, signal);
    if (lane === 'short') this.shortCall = call;
    const isOk = await call;
    if (this.stopped || this.deps.signal.aborted) return;
    if (!isOk) await this.backoff.wait();
    this.wakeIn(isOk && !this.deps.work.isHungry && this.hasReports ? GATHER_MS : 0);
  }

  /** One exchange; false when it failed, its batch is in the outbox again then. */
  private async call(
    lane: Lane,
    batch: Batch,
    ask: Wanted,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    this.asked.set(lane, ask);
    const phases = this.deps.work.phaseReports();
    batch.reports.phases = phases.map(({ report }) => report);
    const header: ExchangeRequest = { ...this.deps.identity(), waitMs, ...ask, ...batch.reports };
    const sentAt = monotonicMs();
    try {
      if (batch.ended.length > 0) await failpoint('report');
      const { reply, tail } = await this.deps.client.exchange(header, batch.tail, signal);
      this.deps.clock.update(reply.now, sentAt);
      for (const { attempt, report } of phases) attempt.reportedPhase = report.phase;
      this.asked.delete(lane);
      this.accept(reply, tail, sentAt);
      batch.settle(reply);
      this.backoff.reset();
      return true;
    } catch (error) {
      this.asked.delete(lane);
      batch.restore();
      if (!signal.aborted) await this.onError(error, batch);
      return false;
    }
  }

  private accept(reply: ExchangeReply, tail: Uint8Array, askedAtMs: number): void {
    for (const grant of reply.grants) {
      const context = reply.contexts[grant.context];
      if (!context) throw new Error(`the server sent a grant without its context: ${grant.lease}`);
      const { input } = grant;
      const bytes = 'inline' in input ? { inline: tailSlice(tail, input.inline) } : input;
      this.deps.onGrant({ grant, context, input: bytes, askedAtMs });
    }
    this.deps.onKill(reply.kill);
  }

  private async onError(error: unknown, batch: Batch): Promise<void> {
    this.deps.log.warn({ error: describeError(error) }, 'exchange failed');
    if (!(error instanceof ServerError)) return;
    if (error.mustRegister) {
      await this.deps.register();
      this.backoff.reset();
    } else if (!error.isTransient && batch.ended.length > 0) {
      // The server refuses this message for what is in it: find the report that it is about.
      if (batch.ended.length === 1) {
        this.deps.log.error(
          { lease: batch.ended[0]?.lease },
          'the server refuses a report; it is dropped',
        );
        for (const attempt of batch.ended) this.deps.outbox.drop(attempt);
      }
      this.deps.outbox.endsLimit = Math.max(1, Math.floor(batch.ended.length / 2));
    }
  }

  /** What remains to be asked for beside the calls in flight. */
  private net(wanted: Wanted): Wanted {
    const free = { ...wanted.free, gpus: [...wanted.free.gpus] };
    let { prefetch, idle } = wanted;
    for (const other of this.asked.values()) {
      free.cpus -= other.free.cpus;
      free.memoryBytes -= other.free.memoryBytes;
      for (const model of other.free.gpus) {
        const at = free.gpus.indexOf(model);
        if (at >= 0) free.gpus.splice(at, 1);
      }
      prefetch -= other.prefetch;
      idle = false;
    }
    const isSpent = free.cpus <= 1e-6 || free.memoryBytes <= 0;
    return {
      free: isSpent ? { ...NOTHING } : free,
      prefetch: Math.max(0, prefetch),
      idle,
    };
  }
}
