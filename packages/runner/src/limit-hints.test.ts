import { expect, test } from 'vitest';
import { limitHints } from './limit-hints.ts';
import type { SandboxEnd } from './sandbox/sandbox.ts';

const LIMITS = {
  timeoutMs: null,
  memoryBytes: 2 ** 28,
  diskBytes: 2 ** 20,
  diskFiles: 1000,
  cacheBytes: 2 ** 21,
  processes: 64,
};
const PLACE = { tier: 'namespace', folder: '/' } as const;
const FAILED: SandboxEnd = { kind: 'exited', code: 1 };

function hintsOf(end: SandboxEnd, lastStderr: string, refusedProcesses = false): string[] {
  return limitHints({ end, refusedProcesses }, lastStderr, LIMITS, PLACE);
}

test.each([
  [
    'OSError: [Errno 28] No space left on device',
    /\/tmp and \/dev\/shm .* hold 64 MiB and 65536 files each/,
  ],
  ['OSError: [Errno 122] Disk quota exceeded', /quota of the runner's disk is used up \(\/\)/],
  ['Error: EMFILE, too many open files', /65536 files open/],
  ['OSError: [Errno 27] File too large', /1 MiB \(--task-disk of the runner\)/],
  ['MemoryError', /memory is limited to 256 MiB here \(min_memory/],
  ["RuntimeError: can't start new thread", /64 processes and threads at once \(--task-processes/],
])('"%s" is explained', (lastStderr, hint) => {
  expect(hintsOf(FAILED, lastStderr)).toEqual([expect.stringMatching(hint)]);
});

test('a refused process is told even of a task that did without', () => {
  const end: SandboxEnd = { kind: 'exited', code: 0 };
  expect(hintsOf(end, '', true)).toEqual([
    expect.stringMatching(/^a process or thread was refused/),
  ]);
});

test('a signal for too large a file is explained', () => {
  expect(hintsOf({ kind: 'signalled', signal: 25 }, '')).toEqual([
    expect.stringContaining('--task-disk'),
  ]);
});

test('what has nothing to do with limits is left as it is', () => {
  expect(hintsOf(FAILED, 'ValueError: bad input')).toEqual([]);
  expect(hintsOf({ kind: 'exited', code: 0 }, 'warning: too many open files')).toEqual([]);
  expect(hintsOf({ kind: 'stopped', reason: 'killed' }, 'MemoryError')).toEqual([]);
});

test('in the process tier /tmp is a folder of the machine', () => {
  const result = { end: FAILED, refusedProcesses: false };
  const place = { tier: 'process', folder: '/' } as const;
  const hints = limitHints(result, 'No space left on device', LIMITS, place);
  expect(hints).toEqual(['a file system of the runner is full']);
});
