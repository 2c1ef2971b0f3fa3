/** From the end of a process to the reason and message that are reported (contract 7.3). */
import { constants } from 'node:os';
import { type AttemptReason, ERROR_MESSAGE_LIMIT } from '@bytenite/contract';
import type { SandboxResult, StopReason } from './sandbox/sandbox.ts';

export interface Failure {
  reason: AttemptReason;
  exitCode: number | null;
  errorMessage: string;
}

export interface TaskLimits {
  timeoutMs: number | null;
  memoryBytes: number;
  diskBytes: number;
  /** Files and folders on disk. */
  diskFiles: number;
  /** Of the user's cache. */
  cacheBytes: number;
  /** Processes and threads. */
  processes: number;
}

/** Undefined when the task succeeded. */
export function decideFailure(
  { end, refusedProcesses }: Pick<SandboxResult, 'end' | 'refusedProcesses'>,
  limits: TaskLimits,
  lastStderr: string,
): Failure | undefined {
  const fail = (reason: AttemptReason, what: string, exitCode: number | null = null): Failure => ({
    reason,
    exitCode,
    errorMessage: toErrorMessage(lastStderr === '' ? what : `${what}: ${lastStderr}`),
  });
  const crowd = refusedProcesses ? ` at the limit of ${limits.processes} processes` : '';
  switch (end.kind) {
    case 'exited':
      if (end.code === 0) return undefined;
      return fail('EXIT_NONZERO', `exit code ${end.code}${crowd}`, end.code);
    case 'signalled':
      return fail('EXIT_NONZERO', `killed by ${signalName(end.signal)}${crowd}`, 128 + end.signal);
    case 'timeout':
      return fail('TIMEOUT', `timed out after ${(limits.timeoutMs ?? 0) / 1000} s`, end.code);
    case 'outOfMemory':
      return fail(
        'OUT_OF_MEMORY',
        `out of memory, limit ${mebibytes(limits.memoryBytes)}`,
        end.code,
      );
    case 'stopped':
      return decideStopped(end.reason, limits);
    case 'notStarted':
      return { reason: 'INTERNAL', exitCode: null, errorMessage: toErrorMessage(end.message) };
    case 'lost':
      return { reason: 'WORKER_LOST', exitCode: null, errorMessage: toErrorMessage(end.message) };
  }
}

/** A task is aborted only when its lease is gone; one that ran out while the server was away may be there yet. */
export function decideStopped(
  reason: StopReason,
  limits: Pick<TaskLimits, 'diskBytes' | 'diskFiles' | 'cacheBytes'>,
): Failure {
  const exitCode = null;
  switch (reason) {
    case 'disk': {
      const errorMessage = `the task used more than ${mebibytes(limits.diskBytes)} of disk (--task-disk of the runner)`;
      return { reason: 'OUTPUT_FAILED', exitCode, errorMessage };
    }
    case 'files': {
      const errorMessage = `the task made more than ${limits.diskFiles} files and folders on disk (--task-files of the runner)`;
      return { reason: 'OUTPUT_FAILED', exitCode, errorMessage };
    }
    case 'cache': {
      const errorMessage = `the user's cache grew over ${mebibytes(limits.cacheBytes)}, so it is emptied`;
      return { reason: 'OUTPUT_FAILED', exitCode, errorMessage };
    }
    case 'notRenewed':
      return { reason: 'WORKER_LOST', exitCode, errorMessage: 'the lease could not be renewed' };
    case 'killed':
    case 'drain':
      return { reason: 'ABORTED', exitCode, errorMessage: 'stopped by the platform' };
  }
}

/** Valid UTF-8 without NUL, cut at the limit between characters. */
export function toErrorMessage(text: string): string {
  const clean = Buffer.from(text.replaceAll('\0', ''));
  if (clean.length <= ERROR_MESSAGE_LIMIT) return clean.toString();
  let end = ERROR_MESSAGE_LIMIT;
  while (end > 0 && ((clean[end] ?? 0) & 0xc0) === 0x80) end--;
  return clean.toString('utf8', 0, end);
}

export function mebibytes(bytes: number): string {
  return `${Math.round((bytes / 1024 ** 2) * 10) / 10} MiB`;
}

export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found ? found[0] : `signal ${number}`;
}
