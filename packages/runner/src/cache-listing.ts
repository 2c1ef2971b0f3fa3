/**
 * Tells the server what tasks have left in users' caches, so that their users see it. A cache is looked at a
 * moment after a task that used it has ended, and not all the time: many short tasks share one look. What does
 * not arrive is told with the next.
 */
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import {
  type CacheListing,
  cachePathProblem,
  MAX_LISTED_FILES,
  type TaskContext,
} from '@bytenite/contract';
import type { Logger } from 'pino';
import type { Caches } from './caches.ts';
import { HeldFolder } from './cache-tree.ts';
import { monotonicMs } from './clock.ts';
import { describeError } from './errors.ts';
import type { ServerClient } from './server-client.ts';

export interface CacheListingsDeps {
  client: Pick<ServerClient, 'putCacheListing'>;
  caches: Caches;
  log: Logger;
  signal: AbortSignal;
  identity(): { runnerId: string; incarnation: string };
}

const GATHER_MS = 300;
/** As other looks at what tasks write: at most this share of the time. */
const WALK_SHARE = 0.1;
const AFTER_ERROR_MS = 5000;
const TRIES = 5;
const ENTRIES_PER_TURN = 256;
/** Of files and folders that are looked at. */
const MAX_ENTRIES = 4 * MAX_LISTED_FILES;
/** A message of a runner has a size. */
const MAX_PATH_BYTES = 512 * 1024;

type Found = Pick<CacheListing, 'files' | 'isCut'>;

export class CacheListings {
  private readonly deps: CacheListingsDeps;
  private readonly waiting = new Map<string, TaskContext>();
  /** Digests of what was told last. */
  private readonly told = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private isTelling = false;

  constructor(deps: CacheListingsDeps) {
    this.deps = deps;
  }

  /** To be called when a task has ended that may have changed its user's cache. */
  note(context: TaskContext): void {
    if (context.caches.pass === '') return;
    this.waiting.set(this.deps.caches.of(context).user, context);
    this.wakeIn(GATHER_MS);
  }

  private wakeIn(delayMs: number): void {
    if (this.isTelling || this.deps.signal.aborted) return;
    this.timer ??= setTimeout(() => void this.tellAll(), delayMs).unref();
  }

  private async tellAll(): Promise<void> {
    this.timer = undefined;
    this.isTelling = true;
    const startedAt = monotonicMs();
    const contexts = [...this.waiting];
    this.waiting.clear();
    for (const [folder, context] of contexts) {
      for (let tries = 1; tries <= TRIES && !(await this.tell(folder, context)); tries += 1) {
        await new Promise((resolve) => void setTimeout(resolve, AFTER_ERROR_MS).unref());
      }
    }
    this.isTelling = false;
    const tookMs = monotonicMs() - startedAt;
    if (this.waiting.size > 0) this.wakeIn(Math.max(GATHER_MS, tookMs / WALK_SHARE));
  }

  /** False where it is worth another try. */
  private async tell(folder: string, { owner, caches }: TaskContext): Promise<boolean> {
    const { client, log, signal } = this.deps;
    try {
      const version = this.deps.caches.versions.of(folder);
      const found = await listFolder(folder);
      const digest = createHash('sha256')
        .update(JSON.stringify([version, found]))
        .digest('base64');
      if (this.told.get(folder) === digest) return true;
      const { pass } = caches;
      const listing = { ...this.deps.identity(), owner, pass, version, ...found };
      await client.putCacheListing(listing, signal);
      this.told.set(folder, digest);
      return true;
    } catch (error) {
      log.debug({ error: describeError(error) }, 'what lies in a cache could not be told');
      return signal.aborted;
    }
  }
}

interface Folder {
  /** Its place below the root, with a `/` behind it. */
  prefix: string;
  names: string[];
}

/**
 * Regular files below a folder that tasks may be changing: each folder is reached from the root without
 * following a link, and names that no user could ask for are left out.
 */
export async function listFolder(root: string, maxFiles = MAX_LISTED_FILES): Promise<Found> {
  const files: [string, number][] = [];
  const folders: Folder[] = [{ prefix: '', names: [] }];
  let entries = 0;
  let bytes = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const held = reach(root, folder.names);
    if (held === undefined) continue;
    try {
      for (const entry of held.entries()) {
        entries += 1;
        if (entries > MAX_ENTRIES) return { files, isCut: true };
        if (entries % ENTRIES_PER_TURN === 0) await new Promise(setImmediate);
        const name = entry.name.toString();
        const path = folder.prefix + name;
        if (cachePathProblem(path) !== null) continue;
        if (entry.isFolder) {
          folders.push({ prefix: `${path}/`, names: [...folder.names, name] });
        } else if (entry.isFile) {
          bytes += Buffer.byteLength(path) + 32;
          if (files.length === maxFiles || bytes > MAX_PATH_BYTES) {
            return { files, isCut: true };
          }
          files.push([path, sizeOf(held, name)]);
        }
      }
    } finally {
      held.close();
    }
  }
  return { files, isCut: false };
}

/** Undefined where it is gone, or no folder any more. */
function reach(root: string, names: readonly string[]): HeldFolder | undefined {
  const way: HeldFolder[] = [];
  try {
    way.push(HeldFolder.open(root));
    for (const name of names) way.push((way.at(-1) as HeldFolder).open(name));
    return way.pop();
  } catch {
    return undefined;
  } finally {
    for (const held of way) held.close();
  }
}

function sizeOf(folder: HeldFolder, name: string): number {
  return lstatSync(folder.of(name), { throwIfNoEntry: false })?.size ?? 0;
}
