import type { SandboxTier, TaskNetwork } from '@bytenite/contract';

/** Everything a sandbox needs to start one task; paths are absolute. */
export interface SandboxRequest {
  slot: number;
  /** Account of the job: what is kept for the next task is kept for this one's alone. */
  owner: string;
  argv: [string, ...string[]];
  env: Record<string, string>;
  cwd: string;
  resultsDir: string;
  /** All that the task sees of this machine, beside its programs and libraries. */
  mounts: Mount[];
  /** Undefined: the task has a process of its own from the start. */
  warm: WarmStart | undefined;
  /** `none` where the component or the operator shuts the network off. */
  network: 'default' | 'none';
  /** Groups beside the slot's own, for example of the user's cache. */
  groups: number[];
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
  timeoutMs: number | null;
  graceMs: number;
  /** Until then the task's lease holds by itself, on the monotonic clock; see `renew`. */
  leaseUntilMs: number;
  onStarted(atMs: number): void;
  /** What the sandbox has to say about its start. */
  onNote(text: string, atMs: number): void;
  /** Bytes as they were printed, in no particular cuts. */
  onOutput(stream: OutputStream, bytes: Uint8Array, atMs: number): void;
  /** The task printed more than is kept: this many bytes are missing here. */
  onDropped(bytes: number, atMs: number): void;
}

/** A task that may be a fork of an interpreter that has started already. */
export interface WarmStart {
  /** Tasks with the same key may have the same one, one after another. */
  key: string;
  /** Modules that it loads. */
  preload: readonly string[];
  /** What it is started with itself. */
  env: Record<string, string>;
  /** Where there is none yet, the first task has one started for those to come; else the second. */
  starts: boolean;
}

export interface Mount {
  path: string;
  isWritable: boolean;
  /** The same for other tasks of this slot and setup; what is not is looked up anew for each. */
  isShared: boolean;
}

/** Files and folders that /tmp and /dev/shm, which lie in memory, hold each in tier `namespace` (see zone.py). */
export const MEMORY_FOLDER_FILES = 65_536;
const MEMORY_FOLDERS = 2;
/** Share of a task's memory that they may take together. */
const MEMORY_FOLDERS_SHARE = 0.5;

export function memoryFolderBytes(memoryBytes: number): number {
  return Math.floor((memoryBytes * MEMORY_FOLDERS_SHARE) / MEMORY_FOLDERS);
}

export type OutputStream = 'stdout' | 'stderr';

/** Why the runner itself ends a task. */
export type StopReason = 'killed' | 'notRenewed' | 'disk' | 'files' | 'cache' | 'drain';

/** How a task ended; its whole process tree is gone by then. */
export type SandboxEnd =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: number }
  | { kind: 'timeout'; code: number | null }
  | { kind: 'outOfMemory'; code: number | null }
  | { kind: 'stopped'; reason: StopReason }
  /** The user's process never ran: no such file, not executable, too large an environment. */
  | { kind: 'notStarted'; message: string }
  /** The sandbox itself broke. */
  | { kind: 'lost'; message: string };

export interface SandboxResult {
  end: SandboxEnd;
  startedAtMs: number | null;
  endedAtMs: number;
  cpuSeconds: number;
  maxMemoryBytes: number;
  /** It was refused a process or thread, because it had all that it may have. */
  refusedProcesses: boolean;
  /** It was a fork of an interpreter that had started before. */
  isWarm: boolean;
}

export interface SandboxRun {
  /** False when nothing is started: the attempt's folder then holds only what the runner wrote. */
  readonly startsProcess: boolean;
  readonly result: Promise<SandboxResult>;
  /** Idempotent; a shorter grace overrules a longer one. */
  stop(reason: StopReason, graceMs: number): void;
  /** While paused the task blocks as soon as its pipe is full. */
  pauseOutput(paused: boolean): void;
}

/** Runs tasks. Implementations differ in isolation only; `tier` is shown on every task. */
export interface Sandbox {
  readonly tier: SandboxTier;
  /** Why this tier and what it limits, in words. */
  readonly reason: string;
  /** The most that its tasks reach. */
  readonly network: TaskNetwork;
  run(request: SandboxRequest): SandboxRun;
  /** All tasks whose own lease is over end this long after `sinceMs` unless renewed again, even while the runner is frozen. */
  renew(durationMs: number, sinceMs: number): void;
  close(): Promise<void>;
}
