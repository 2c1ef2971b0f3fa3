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

export interface GrantedTask {
  grant: Grant;
  context: TaskContext;
  input: AttemptInput;
  /** When the call was sent that brought it, on the monotonic clock: its lease is no older. */
  askedAtMs: number;
}

/** One leased attempt, from its grant to its verdict. */
export class Attempt {
  /** When it came, on the monotonic clock. */
  readonly grantedAtMs = monotonicMs();
  phase: LeasePhase = 'ASSIGNED';
  phaseSinceMs = monotonicMs();
  /** The phase that the server knows. */
  reportedPhase: LeasePhase = 'ASSIGNED';
  /** Server times. */
  receivedAt: number | null = null;
  startedAt: number | null = null;
  /** Since when it waits, all staged, for capacity, on the monotonic clock; infinite while it does not. */
  turnAwaitedSinceMs = Number.POSITIVE_INFINITY;
  /** How long it waited so. */
  turnWaitedMs = 0;
  /** How long transfers took so far: of the component and the input, and of the results. */
  transferMs = 0;
  /** When it took its capacity, on the monotonic clock; undefined before. */
  runningSinceMs: number | undefined;
  /** Its folder is as the runner left it, though it ran: no process has been in there. */
  leavesFolderAlone = false;
  /** It counts against the runner's capacity until its process has ended. */
  occupies = true;
  end: AttemptEnd | undefined;
  stopReason: StopReason | undefined;
  private run: SandboxRun | undefined;
  private abort: AbortController | undefined;

  readonly grant: Grant;
  readonly context: TaskContext;
  /** What it takes of the runner. */
  readonly need: Need;
  /** What its process may use. */
  readonly limits: Need;
  readonly log: AttemptLog;
  /** The lease holds until then even if no heartbeat renews it, on the monotonic clock. */
  readonly leaseUntilMs: number;
  private input: AttemptInput | undefined;

  constructor(
    granted: GrantedTask,
    { need, limits }: { need: Need; limits: Need },
    log: AttemptLog,
    leaseMs: number,
  ) {
    this.grant = granted.grant;
    this.context = granted.context;
    this.input = granted.input;
    this.need = need;
    this.limits = limits;
    this.log = log;
    this.leaseUntilMs = granted.askedAtMs + leaseMs;
  }

  /** Once: inline bytes keep the whole message alive that they came in. */
  takeInput(): AttemptInput {
    const { input } = this;
    if (!input) throw new Error('the input was taken before');
    this.input = undefined;
    return input;
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
