import { expect, test } from 'vitest';
import { decideFailure, toErrorMessage } from './outcome.ts';
import type { SandboxEnd } from './sandbox/sandbox.ts';

const LIMITS = { timeoutMs: 1500, memoryBytes: 2 ** 30, diskBytes: 2 ** 20, cacheBytes: 2 ** 21 };

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
    'the task used more than 1 MiB of disk',
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
  expect(decideFailure(end, LIMITS, 'last line')).toEqual({ reason, exitCode, errorMessage });
});

test('exit code 0 is no failure', () => {
  expect(decideFailure({ kind: 'exited', code: 0 }, LIMITS, 'a warning')).toBeUndefined();
});

test('a message is cut between characters and holds no NUL', () => {
  const message = toErrorMessage(`\0x${'ä'.repeat(4096)}`);
  expect(message).toBe(`x${'ä'.repeat(2047)}`);
});
