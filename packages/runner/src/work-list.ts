/**
 * The attempts that this runner holds: waiting, running, ended but not yet confirmed.
 *
 * queue -> (a slot's folder) stage in -> (capacity) run -> stage out -> outbox. Staging needs a folder
 * but no CPU, so the next attempts are staged while others run, a few ahead.
 */
import { join } from 'node:path';
import type { ExchangeRequest, PhaseReport } from '@bytenite/contract';
import { AttemptFolder } from './attempt-folder.ts';
import type { Attempt, AttemptEnd } from './attempt.ts';
import type { Capacity } from './capacity.ts';
import { monotonicMs } from './clock.ts';
import type { EndedAttempt } from './outbox.ts';
import { Prefetch } from './prefetch.ts';
import type { StopReason } from './sandbox/sandbox.ts';
import type { AttemptPlace } from './task-runner.ts';

export interface WorkListOptions {
  attemptsDir: string;
  trashDir: string;
  uidBase: number | null;
  /** Attempts that have a folder at once; those beyond wait, or are another runner's. */
  slots: number;
  run(attempt: Attempt, place: AttemptPlace): Promise<AttemptEnd>;
  /** The attempt has ended and must be reported. */
  onEnded(attempt: EndedAttempt): void;
  /** A lease goes back unstarted or unfinished. */
  onReleased(lease: string): void;
}

export interface Wanted {
  free: ExchangeRequest['free'];
  prefetch: number;
  idle: boolean;
}

/** Attempts that may be staged before it is their turn. */
const STAGED_AHEAD = 2;
/** Starts in one turn of the event loop; the heartbeat must get through. */
const STARTS_PER_TURN = 32;
/** What waits longer behind running tasks goes back: another runner may be free. */
const LONGEST_WAIT_MS = 10_000;
/** A phase shorter than this is not reported: short tasks would cost a report each. */
const SHORT_PHASE_MS = 100;
/** From so many on that run at once, ends and phases are gathered. */
const MANY_TASKS = 32;
/** Of thousands of tasks the others come in the messages after this one. */
const PHASES_OF_A_MESSAGE = 500;

export class WorkList {
  private queue: Attempt[] = [];
  private readonly active = new Map<string, Attempt>();
  private readonly freeSlots: number[] = [];
  private readonly folders: AttemptFolder[] = [];
  private readonly prefetch = new Prefetch();
  private ahead = 0;
  private readonly idleWaiters: (() => void)[] = [];
  private pumpDue = false;
  private startsLeft = STARTS_PER_TURN;
  private draining = false;
  /** Of the newest grant: how many such tasks run at once. */
  private concurrency: number;

  private readonly capacity: Capacity;
  private readonly options: WorkListOptions;

  constructor(capacity: Capacity, options: WorkListOptions) {
    this.capacity = capacity;
    this.options = options;
    this.concurrency = Math.max(1, Math.floor(capacity.total.cpus));
  }

  add(attempt: Attempt): void {
    if (this.draining) {
      this.options.onReleased(attempt.lease);
      return;
    }
    this.concurrency = this.capacity.concurrency(attempt.need);
    this.queue.push(attempt);
    this.schedulePump();
  }

  /** Every lease that is not confirmed as ended by the server. */
  attempts(): Attempt[] {
    return [...this.active.values(), ...this.queue];
  }

  get isIdle(): boolean {
    return this.active.size === 0 && this.queue.length === 0;
  }

  /**
   * Nothing is in store: a CPU is free, or will be with the next end. Where many tasks run, one place that is free
   * for a moment is little, and a call for each end would be much.
   */
  get isHungry(): boolean {
    return !this.draining && this.stored === 0 && this.active.size < MANY_TASKS;
  }

  /** Attempts that are held and do not run yet. */
  private get stored(): number {
    return this.queue.length + this.ahead;
  }

  /** What to ask the server for. */
  wanted(): Wanted {
    const { cpus, memoryBytes } = this.capacity.total;
    const needs = this.attempts().flatMap(({ occupies, need }) => (occupies ? [need] : []));
    const free = { cpus, memoryBytes, gpus: this.capacity.freeModels(needs) };
    for (const need of needs) {
      free.cpus -= need.cpus;
      free.memoryBytes -= need.memoryBytes;
    }
    const isFull = free.cpus <= 1e-6 || free.memoryBytes <= 0;
    const none = { cpus: 0, memoryBytes: 0, gpus: [] };
    const hasNoSlot = this.active.size >= this.options.slots;
    if (this.draining || hasNoSlot) return { free: none, prefetch: 0, idle: false };
    const prefetch = Math.max(0, this.storeTarget() - this.stored);
    return { free: isFull ? none : free, prefetch, idle: this.isIdle };
  }

  /** Half of the store is gone: time to ask for more. */
  get isStoreLow(): boolean {
    const target = this.storeTarget();
    return !this.draining && target > 0 && this.stored <= target / 2;
  }

  /** Phases that the server does not know and that last long enough to matter. */
  phaseReports(): { attempt: Attempt; report: PhaseReport }[] {
    const ripe = monotonicMs() - SHORT_PHASE_MS;
    const reports = [];
    for (const attempt of this.active.values()) {
      if (attempt.phase === attempt.reportedPhase || attempt.phaseSinceMs > ripe) continue;
      reports.push({ attempt, report: attempt.phaseReport() });
      if (reports.length === PHASES_OF_A_MESSAGE) break;
    }
    return reports;
  }

  confirmPhases(reports: readonly PhaseReport[]): void {
    for (const { lease, phase } of reports) {
      const attempt = this.active.get(lease);
      if (attempt) attempt.reportedPhase = phase;
    }
  }

  /** Resolves when no attempt is queued or active. */
  async whenIdle(): Promise<void> {
    if (this.isIdle) return;
    await new Promise<void>((resolve) => void this.idleWaiters.push(resolve));
  }

  /** Stops attempts whose leases are gone. */
  kill(leases: readonly string[], graceMs: number): void {
    if (leases.length === 0) return;
    const gone = new Set(leases);
    this.queue = this.queue.filter((attempt) => !gone.has(attempt.lease));
    for (const lease of gone) this.active.get(lease)?.stop('killed', graceMs);
    this.capacity.sweep();
  }

  /** All leases have run out: what has not begun must not begin. */
  forgetQueue(): void {
    this.queue = [];
  }

  /** Stops one attempt for a reason of this machine. */
  stopAll(reason: StopReason, graceMs: number): void {
    for (const attempt of this.active.values()) attempt.stop(reason, graceMs);
    this.capacity.sweep();
  }

  /** Gives back what was stored for short tasks once tasks turn out to be long. */
  releaseSurplus(): void {
    // The mean sways: only what is far too much is worth the trouble.
    this.releaseFrom(2 * this.storeTarget() + this.concurrency);
    this.releaseLate(monotonicMs() - LONGEST_WAIT_MS);
  }

  /** Takes nothing more, gives back what has not begun, stops the rest. */
  drain(graceMs: number): void {
    this.draining = true;
    this.releaseFrom(0);
    this.stopAll('drain', graceMs);
  }

  activeAttempts(): IterableIterator<Attempt> {
    return this.active.values();
  }

  private releaseFrom(count: number): void {
    for (const attempt of this.queue.splice(count)) this.options.onReleased(attempt.lease);
  }

  private releaseLate(longAgo: number): void {
    const late = this.queue.filter((attempt) => attempt.phaseSinceMs < longAgo);
    this.queue = this.queue.filter((attempt) => attempt.phaseSinceMs >= longAgo);
    for (const attempt of late) this.options.onReleased(attempt.lease);
    for (const attempt of this.active.values()) {
      if (attempt.turnAwaitedSinceMs < longAgo) attempt.stop('drain', 0);
    }
    this.capacity.sweep();
  }

  private storeTarget(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { runningSinceMs, occupies } of this.active.values()) {
      if (occupies && runningSinceMs !== undefined) oldest = Math.min(oldest, runningSinceMs);
    }
    return this.prefetch.target(this.concurrency, Math.max(0, monotonicMs() - oldest));
  }

  /** In this turn of the event loop as long as its starts are not used up, else in the next. */
  private schedulePump(): void {
    if (this.pumpDue || this.queue.length === 0) return;
    this.pumpDue = true;
    if (this.startsLeft > 0) queueMicrotask(() => this.pump());
    else setImmediate(() => this.pump());
  }

  private pump(): void {
    this.pumpDue = false;
    const isRoom = () => this.ahead < STAGED_AHEAD && this.active.size < this.options.slots;
    while (this.queue.length > 0 && isRoom() && this.startsLeft > 0) {
      if (this.startsLeft === STARTS_PER_TURN) setImmediate(() => this.nextTurn());
      this.startsLeft--;
      this.start(this.queue.shift() as Attempt);
    }
  }

  private nextTurn(): void {
    this.startsLeft = STARTS_PER_TURN;
    this.schedulePump();
  }

  private start(attempt: Attempt): void {
    const slot = this.freeSlots.pop() ?? this.folders.length;
    const folder = (this.folders[slot] ??= this.createFolder(slot));
    this.active.set(attempt.lease, attempt);
    this.ahead++;
    let isAhead = true;
    const leaveAhead = () => {
      if (isAhead) this.ahead--;
      isAhead = false;
    };
    const onRunning = () => {
      leaveAhead();
      attempt.runningSinceMs = monotonicMs();
      this.schedulePump();
    };
    void this.options.run(attempt, { slot, folder, onRunning }).then((end) => {
      leaveAhead();
      this.freeSlots.push(slot);
      this.finish(attempt, end);
      this.schedulePump();
    });
  }

  private finish(attempt: Attempt, end: AttemptEnd): void {
    if (attempt.runningSinceMs !== undefined) {
      this.prefetch.observe(monotonicMs() - attempt.runningSinceMs);
    }
    attempt.end = end;
    this.active.delete(attempt.lease);
    if (end.outcome.kind === 'released') this.options.onReleased(attempt.lease);
    else this.options.onEnded(attempt as EndedAttempt);
    if (this.isIdle) for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  private createFolder(slot: number): AttemptFolder {
    const { attemptsDir, trashDir, uidBase } = this.options;
    const uid = uidBase === null ? null : uidBase + slot;
    return new AttemptFolder(join(attemptsDir, String(slot)), uid, trashDir);
  }
}
