import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

import { LRUCache } from 'lru-cache';

export interface FolderSync {
  /** Makes the folder's present entries durable; calls that come while a sync runs share the next one. */
  sync(folder: string): Promise<void>;
  /** Creates a folder below the root (mode 0700), durably, with the folders above it. */
  ensure(folder: string): Promise<void>;
  /** Forgets that a folder and those below it were created, because they were deleted. */
  forget(folder: string): void;
}

const MAX_KNOWN_FOLDERS = 10_000;

/** Durable folders below `root`, which must exist. */
export function createFolderSync(root: string): FolderSync {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();
  // A folder that exists is not yet a durable one: whoever created it may have died before the
  // sync of its parent. So each process syncs the way up once for every folder that it uses.
  const known = new LRUCache<string, Promise<void>>({ max: MAX_KNOWN_FOLDERS });

  function start(folder: string): Promise<void> {
    const done = syncFolder(folder).finally(() => {
      if (running.get(folder) === done) running.delete(folder);
    });
    running.set(folder, done);
    return done;
  }

  function sync(folder: string): Promise<void> {
    const current = running.get(folder);
    if (current === undefined) return start(folder);
    // The sync under way may have begun before the caller's entry was made: it does not count.
    let next = waiting.get(folder);
    if (next === undefined) {
      next = current
        .catch(() => undefined)
        .then(() => {
          waiting.delete(folder);
          return start(folder);
        });
      waiting.set(folder, next);
    }
    return next;
  }

  function ensure(folder: string): Promise<void> {
    if (folder === root) return Promise.resolve();
    let created = known.get(folder);
    if (created === undefined) {
      created = create(folder);
      known.set(folder, created);
      created.catch(() => {
        if (known.peek(folder) === created) known.delete(folder);
      });
    }
    return created;
  }

  async function create(folder: string): Promise<void> {
    const parent = dirname(folder);
    await ensure(parent);
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    await sync(parent);
  }

  function forget(folder: string): void {
    for (const name of known.keys()) {
      if (name === folder || name.startsWith(`${folder}/`)) known.delete(name);
    }
  }

  return { sync, ensure, forget };
}

/** Makes the entries of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  let handle;
  try {
    handle = await open(folder, 'r');
  } catch (error) {
    // Deleted since: then its entries need not be durable either.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
