import { expect, test } from 'vitest';
import { decideFailure, toErrorMessage } from './outcome.ts';
import type { SandboxEnd } from './sandbox/sandbox.ts';

const LIMITS = {
  timeoutMs: 1500,
  memoryBytes: 2 ** 30,
  diskBytes: 2 ** 20,
  diskFiles: 1000,
  cacheBytes: 2 ** 21,
  processes: 64,
};

test.each<[SandboxEnd, string, number | null, string]>([
  [{ kind: 'exited', code: 3 }, 'EXIT_NONZERO', 3, 'exit code 3: last line'],
  [{ kind: 'signalled', signal: 9 }, 'EXIT_NONZERO', 137, 'killed by SIGKILL: last line'],
  [{ kind: 'timeout', code: null }, 'TIMEOUT', null, 'timed out after 1.5 s: last line'],
  [
    { kind: 'outOfMemory', code: null },
    'OUT_OF_MEMORY',
    null,
    'out of memory, limit 1024 MiB: last line',
  ],
  [
    { kind: 'stopped', reason: 'disk' },
    'OUTPUT_FAILED',
    null,
    'the task used more than 1 MiB of disk (--task-disk of the runner)',
  ],
  [
    { kind: 'stopped', reason: 'files' },
    'OUTPUT_FAILED',
    null,
    'the task made more than 1000 files and folders on disk (--task-files of the runner)',
  ],
  [
    { kind: 'stopped', reason: 'cache' },
    'OUTPUT_FAILED',
    null,
    "the user's cache grew over 2 MiB, so it is emptied",
  ],
  [{ kind: 'stopped', reason: 'killed' }, 'ABORTED', null, 'stopped by the platform'],
  [
    { kind: 'stopped', reason: 'notRenewed' },
    'WORKER_LOST',
    null,
    'the lease could not be renewed',
  ],
  [{ kind: 'notStarted', message: 'no such file' }, 'INTERNAL', null, 'no such file'],
  [{ kind: 'lost', message: 'gone' }, 'WORKER_LOST', null, 'gone'],
])('%j has its own reason', (end, reason, exitCode, errorMessage) => {
  const result = { end, refusedProcesses: false };
  expect(decideFailure(result, LIMITS, 'last line')).toEqual({ reason, exitCode, errorMessage });
});

test.each<[SandboxEnd, string]>([
  [{ kind: 'exited', code: 4 }, 'exit code 4 at the limit of 64 processes: last line'],
  [{ kind: 'signalled', signal: 6 }, 'killed by SIGABRT at the limit of 64 processes: last line'],
])('%j of a task that was refused a process says so', (end, errorMessage) => {
  const failure = decideFailure({ end, refusedProcesses: true }, LIMITS, 'last line');
  expect(failure).toMatchObject({ reason: 'EXIT_NONZERO', errorMessage });
});

test('exit code 0 is no failure', () => {
  expect(
    decideFailure({ end: { kind: 'exited', code: 0 }, refusedProcesses: true }, LIMITS, ''),
  ).toBeUndefined();
});

test('a message is cut between characters and holds no NUL', () => {
  const message = toErrorMessage(`\0x${'ä'.repeat(4096)}`);
  expect(message).toBe(`x${'ä'.repeat(2047)}`);
});
