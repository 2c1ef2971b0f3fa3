/**
 * Folders that are to go: out of the way at once, removed a little later by a process of its own. Removed
 * from in here, a hundred thousand files would hold up every other file operation of the runner.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeTrees } from './remove-tree.ts';

/** What comes within this time is removed together. */
const GATHER_MS = 500;
/** Names that fit into one command line. */
const MAX_TREES = 500;

const waiting = new Set<string>();

/** What cannot be removed is tried again with the next that comes, or at the next start. */
export function throwAway(path: string, trashDir: string): void {
  try {
    renameSync(path, join(trashDir, randomUUID()));
  } catch {
    // Where tasks have the runner's own rights, one may have been faster.
    rmSync(path, { recursive: true, force: true });
    return;
  }
  emptyTrash(trashDir);
}

export function emptyTrash(trashDir: string): void {
  if (waiting.has(trashDir)) return;
  waiting.add(trashDir);
  setTimeout(() => void removeAll(trashDir), GATHER_MS).unref();
}

async function removeAll(trashDir: string): Promise<void> {
  let isEmptied = false;
  try {
    for (let names = list(trashDir); names.length > 0; names = list(trashDir)) {
      await removeTrees(names.map((name) => join(trashDir, name)));
    }
    isEmptied = true;
  } catch {
    // Tried again with whatever comes next.
  }
  waiting.delete(trashDir);
  // Something may have come between the last look and now.
  if (isEmptied && list(trashDir).length > 0) emptyTrash(trashDir);
}

function list(trashDir: string): string[] {
  try {
    return readdirSync(trashDir).slice(0, MAX_TREES);
  } catch {
    return [];
  }
}
