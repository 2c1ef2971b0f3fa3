/**
 * What a task's own last words say of a limit that it came up against, in the words of whoever set it: which one,
 * how much, and what raises it. An error of the program is all that can be seen of most limits, because what
 * it was refused is gone with it.
 */
import { statfsSync } from 'node:fs';
import type { SandboxTier } from '@bytenite/contract';
import { mebibytes, type TaskLimits } from './outcome.ts';
import { MEMORY_FOLDER_FILES, memoryFolderBytes, type SandboxResult } from './sandbox/sandbox.ts';

/** The launcher's (see spawn.py). */
const OPEN_FILES = 65_536;
/** What a disk keeps free when it is full, because a file system rounds up. */
const FULL_BYTES = 1024 * 1024;

const SIGNS = {
  space: /no space left on device|ENOSPC/i,
  quota: /disk quota exceeded|EDQUOT/i,
  openFiles: /too many open files|EMFILE/i,
  fileSize: /file too large|EFBIG/i,
  memory: /MemoryError|cannot allocate memory|ENOMEM|OutOfMemoryError|std::bad_alloc/i,
  processes:
    /resource temporarily unavailable|can't start new thread|cannot fork|unable to create (native )?thread|EAGAIN/i,
};
const SIGXFSZ = 25;

export interface HintPlace {
  tier: SandboxTier;
  /** A folder on the disk that tasks write to. */
  folder: string;
}

export function limitHints(
  { end, refusedProcesses }: Pick<SandboxResult, 'end' | 'refusedProcesses'>,
  lastStderr: string,
  limits: TaskLimits,
  place: HintPlace,
): string[] {
  const most = `${limits.processes} processes and threads at once (--task-processes of the runner)`;
  if (refusedProcesses) return [`a process or thread was refused: a task may have ${most}`];
  const hasFailed = (end.kind === 'exited' && end.code !== 0) || end.kind === 'signalled';
  if (!hasFailed) return [];
  if (end.kind === 'signalled' && end.signal === SIGXFSZ) return [fileSizeHint(limits)];
  if (SIGNS.space.test(lastStderr)) return [spaceHint(limits, place)];
  if (SIGNS.quota.test(lastStderr)) {
    return [
      `the quota of the runner's disk is used up (${place.folder}); it is set on that machine`,
    ];
  }
  if (SIGNS.openFiles.test(lastStderr)) {
    return [
      `a process may have ${OPEN_FILES} files open, or fewer where the runner was started with fewer (ulimit -Hn)`,
    ];
  }
  if (SIGNS.fileSize.test(lastStderr)) return [fileSizeHint(limits)];
  if (SIGNS.memory.test(lastStderr)) {
    const given = mebibytes(limits.memoryBytes);
    return [`memory is limited to ${given} here (min_memory of the component raises it)`];
  }
  return SIGNS.processes.test(lastStderr)
    ? [`if a process was refused: a task may have ${most}`]
    : [];
}

function fileSizeHint({ diskBytes }: TaskLimits): string {
  return `no file may be larger than what a task may use of the disk, ${mebibytes(diskBytes)} (--task-disk of the runner)`;
}

/** Files on disk are counted from outside, so it is the disk itself or the folders in memory. */
function spaceHint({ memoryBytes }: TaskLimits, { tier, folder }: HintPlace): string {
  if (isFull(folder)) return `the disk of the runner is full (${folder})`;
  if (tier !== 'namespace') return 'a file system of the runner is full';
  const each = mebibytes(memoryFolderBytes(memoryBytes));
  return `/tmp and /dev/shm lie in the task's memory and hold ${each} and ${MEMORY_FOLDER_FILES} files each (min_memory of the component raises it); TMPDIR lies on disk`;
}

function isFull(folder: string): boolean {
  const { bavail, bsize, files, ffree } = statfsSync(folder);
  return bavail * bsize < FULL_BYTES || (files > 0 && ffree === 0);
}
