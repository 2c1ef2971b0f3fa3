/**
 * Tasks that the launcher starts as processes of this machine. Tier `process`: ordinary ones with limits;
 * as root each slot has a uid of its own, else every task has the runner's own rights, and whoever runs it
 * must trust it. Tier `namespace`: each slot has a zone of its own as well (launcher/zone.py).
 */
import type { SandboxTier, TaskNetwork } from '@bytenite/contract';
import { monotonicMs } from '../clock.ts';
import { type Frame, FRAME } from './frames.ts';
import type { LauncherClient } from './launcher-client.ts';
import {
  memoryFolderBytes,
  type OutputStream,
  type Sandbox,
  type SandboxEnd,
  type SandboxRequest,
  type SandboxResult,
  type SandboxRun,
  type StopReason,
} from './sandbox.ts';

const STREAMS: Record<number, OutputStream> = { 1: 'stdout', 2: 'stderr' };

/** With a uid per slot the user's cache is shared through a group, so files are group-writable. */
const UMASK = { own: 0o022, slot: 0o002 };

export interface LaunchedSandboxOptions {
  tier: 'process' | 'namespace';
  reason: string;
  network: TaskNetwork;
  uidBase: number | null;
  logBytes: number;
  /** Processes and threads of a task. */
  processes: number;
}

interface ExitedFrame {
  code: number | null;
  signal: number | null;
  reason: StopReason | 'timeout' | 'lost' | null;
  failure: string | null;
  oomKills: number;
  refusedProcesses: boolean;
  cpu: number;
  rss: number;
  started: number;
  isWarm?: boolean;
  /** Modules that a fork server could not load, and why. */
  notes?: string[];
}

export class LaunchedSandbox implements Sandbox {
  private readonly launcher: LauncherClient;
  private readonly options: LaunchedSandboxOptions;

  constructor(launcher: LauncherClient, options: LaunchedSandboxOptions) {
    this.launcher = launcher;
    this.options = options;
  }

  get tier(): SandboxTier {
    return this.options.tier;
  }

  get reason(): string {
    return this.options.reason;
  }

  get network(): TaskNetwork {
    return this.options.network;
  }

  run(request: SandboxRequest): SandboxRun {
    const { uidBase, logBytes } = this.options;
    const uid = uidBase === null ? null : uidBase + request.slot;
    let id = 0;
    const result = new Promise<SandboxResult>((resolve) => {
      id = this.launcher.run(
        {
          slot: request.slot,
          onFrame: (frame) => onFrame(frame, request, resolve),
          onLost: (message) => resolve(lostResult(message)),
        },
        {
          argv: request.argv,
          env: request.env,
          cwd: request.cwd,
          uid,
          gid: uid,
          groups: request.groups,
          zone: this.zoneOf(request),
          warm: request.warm,
          owner: request.owner,
          umask: uid === null ? UMASK.own : UMASK.slot,
          fileBytes: request.diskBytes,
          pids: this.options.processes,
          memory: Math.floor(request.memoryBytes),
          cpus: request.cpus,
          timeout: request.timeoutMs === null ? null : request.timeoutMs / 1000,
          grace: request.graceMs / 1000,
          lease: (request.leaseUntilMs - monotonicMs()) / 1000,
          logBytes,
        },
      );
    });
    return {
      result,
      startsProcess: true,
      stop: (reason, graceMs) =>
        this.launcher.command(id, { do: 'stop', reason, grace: graceMs / 1000 }),
      pauseOutput: (paused) => this.launcher.command(id, { do: 'flow', paused }),
    };
  }

  private zoneOf({ mounts, network, memoryBytes }: SandboxRequest): object | undefined {
    if (this.options.tier !== 'namespace') return undefined;
    return {
      mounts: mounts.map(({ path, isWritable, isShared }) => [path, isWritable, isShared]),
      network: network === 'none' ? 'none' : this.options.network,
      tmpBytes: memoryFolderBytes(memoryBytes),
    };
  }

  renew(durationMs: number, sinceMs: number): void {
    this.launcher.renewUntil(sinceMs + durationMs);
  }

  close(): Promise<void> {
    return this.launcher.close();
  }
}

function onFrame(
  frame: Frame,
  request: SandboxRequest,
  resolve: (result: SandboxResult) => void,
): void {
  if (frame.kind === FRAME.output) {
    const stream = STREAMS[frame.stream];
    if (stream) request.onOutput(stream, frame.payload, frame.atMs);
    return;
  }
  const value: unknown = JSON.parse(frame.payload.toString());
  if (frame.kind === FRAME.started) {
    request.onStarted((value as { started: number }).started * 1000);
  } else if (frame.kind === FRAME.dropped) {
    request.onDropped((value as { bytes: number }).bytes, frame.atMs);
  } else if (frame.kind === FRAME.exited) {
    const exited = value as ExitedFrame;
    for (const note of exited.notes ?? []) request.onNote(`cannot preload ${note}`, frame.atMs);
    resolve(toResult(exited, frame.atMs));
  }
}

function toResult(exited: ExitedFrame, atMs: number): SandboxResult {
  return {
    end: toEnd(exited),
    startedAtMs: exited.failure === null ? exited.started * 1000 : null,
    endedAtMs: atMs,
    cpuSeconds: exited.cpu ?? 0,
    maxMemoryBytes: exited.rss ?? 0,
    refusedProcesses: exited.refusedProcesses ?? false,
    isWarm: exited.isWarm ?? false,
  };
}

function toEnd(exited: ExitedFrame): SandboxEnd {
  const { code, signal, reason } = exited;
  if (reason === 'timeout') return { kind: 'timeout', code };
  if (reason === 'lost') return { kind: 'lost', message: 'the launcher of the tasks was killed' };
  if (reason !== null) return { kind: 'stopped', reason };
  if (exited.failure !== null) return { kind: 'notStarted', message: exited.failure };
  // A shell reports its child's SIGKILL as 137.
  if (exited.oomKills > 0 && (signal === 9 || code === 137)) return { kind: 'outOfMemory', code };
  if (signal !== null) return { kind: 'signalled', signal };
  return { kind: 'exited', code: code ?? 0 };
}

function lostResult(message: string): SandboxResult {
  const end: SandboxEnd = { kind: 'lost', message };
  const nothing = {
    cpuSeconds: 0,
    maxMemoryBytes: 0,
    refusedProcesses: false,
    isWarm: false,
  };
  return { end, startedAtMs: null, endedAtMs: monotonicMs(), ...nothing };
}
