import type {
  Grant,
  LeasePhase,
  PhaseReport,
  StoredResult,
  TaskContext,
  TaskStats,
} from '@bytenite/contract';
import type { AttemptLog } from './attempt-log.ts';
import type { Need } from './capacity.ts';
import { monotonicMs } from './clock.ts';
import type { Failure } from './outcome.ts';
import type { SandboxRun, StopReason } from './sandbox/sandbox.ts';

export type AttemptOutcome =
  | { kind: 'inline'; bundle: Uint8Array; sha256: string }
  | { kind: 'stored'; result: StoredResult }
  | { kind: 'failed'; failure: Failure }
  /** Given back unfinished: it uses up no attempt. */
  | { kind: 'released' };

/** What is known of an attempt when it has ended. */
export interface AttemptEnd {
  outcome: AttemptOutcome;
  endedAt: number;
  stats: TaskStats | null;
}

/** Input bytes that came with the grant, or their size when they have to be fetched. */
export type AttemptInput = { inline: Uint8Array } | { streamBytes: number };

/** One leased attempt, from its grant to its verdict. */
export class Attempt {
  phase: LeasePhase = 'ASSIGNED';
  phaseSinceMs = monotonicMs();
  /** The phase that the server knows. */
  reportedPhase: LeasePhase = 'ASSIGNED';
  /** Server times. */
  receivedAt: number | null = null;
  startedAt: number | null = null;
  /** When it took its capacity, on the monotonic clock; undefined before. */
  runningSinceMs: number | undefined;
  /** It counts against the runner's capacity until its process has ended. */
  occupies = true;
  end: AttemptEnd | undefined;
  stopReason: StopReason | undefined;
  private run: SandboxRun | undefined;
  private abort: AbortController | undefined;

  readonly grant: Grant;
  readonly context: TaskContext;
  readonly input: AttemptInput;
  readonly need: Need;
  readonly log: AttemptLog;

  constructor(
    grant: Grant,
    context: TaskContext,
    input: AttemptInput,
    need: Need,
    log: AttemptLog,
  ) {
    this.grant = grant;
    this.context = context;
    this.input = input;
    this.need = need;
    this.log = log;
  }

  get lease(): string {
    return this.grant.lease;
  }

  enter(phase: LeasePhase): void {
    this.phase = phase;
    this.phaseSinceMs = monotonicMs();
  }

  phaseReport(): PhaseReport {
    const { lease, phase, receivedAt, startedAt } = this;
    return { lease, phase, receivedAt, startedAt };
  }

  /** Ends with `stop`: aborts the transfers of this attempt. */
  get signal(): AbortSignal {
    this.abort ??= new AbortController();
    if (this.stopReason !== undefined) this.abort.abort();
    return this.abort.signal;
  }

  attach(run: SandboxRun): void {
    this.run = run;
  }

  pauseOutput(paused: boolean): void {
    this.run?.pauseOutput(paused);
  }

  /** Ends the attempt wherever it is; the first reason counts, the shortest grace holds. */
  stop(reason: StopReason, graceMs: number): void {
    this.stopReason ??= reason;
    this.run?.stop(this.stopReason, graceMs);
    this.abort?.abort();
  }
}
