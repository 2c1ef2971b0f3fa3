import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;

/**
 * Removes whatever a task may have left. Node's own removal works with whole paths and fails on one
 * longer than the system takes, and on folders without rights; the system's tools know both cases.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await removeTrees([path]);
  }
}

/** Removes many or large trees in a process of its own. */
export async function removeTrees(paths: readonly string[]): Promise<void> {
  const options = { timeout: TIMEOUT_MS };
  try {
    await run('rm', ['-rf', '--', ...paths], options);
  } catch {
    await run('chmod', ['-R', 'u+rwX', '--', ...paths], options).catch(() => undefined);
    await run('rm', ['-rf', '--', ...paths], options);
  }
}
