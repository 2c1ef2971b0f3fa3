/**
 * Brings caches up to what was put into them and removed from them on the platform. A task begins with the
 * version that its grant names, or a later one. One cache is followed by one attempt at a time; the others that
 * need it wait. Each file is replaced as a whole, so a task that runs meanwhile reads the old one or the new.
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BundleEntry,
  CACHE_SCOPES,
  CacheHead,
  cachePathProblem,
  CacheRemoval,
  type CacheScope,
} from '@bytenite/contract';
import type { Attempt } from './attempt.ts';
import type { Cache, Caches } from './caches.ts';
import type { CacheRights } from './cache-tree.ts';
import { monotonicMs } from './clock.ts';
import { StageError } from './errors.ts';
import type { ServerClient } from './server-client.ts';
import { StreamReader } from './stream-reader.ts';

export interface CacheSyncDeps {
  client: Pick<ServerClient, 'openCache'>;
  caches: Caches;
  /** What a user's cache may hold on this runner. */
  userCacheBytes: number;
}

interface Following {
  attempt: Attempt;
  cache: Cache;
  scope: CacheScope;
  folder: string;
}

/** Errors of the machine: to empty a cache would not help. */
const OF_DISK = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE']);

export class CacheSync {
  private readonly deps: CacheSyncDeps;
  private readonly busy = new Map<string, Promise<void>>();
  /** When a cache was last asked after: whatever was granted before that is in it. */
  private readonly askedAtMs = new Map<string, number>();

  constructor(deps: CacheSyncDeps) {
    this.deps = deps;
  }

  async bring(attempt: Attempt): Promise<void> {
    const cache = this.deps.caches.of(attempt.context);
    for (const scope of CACHE_SCOPES) {
      const folder = cache[scope];
      while (this.isBehind(attempt, scope, folder)) {
        const other = this.busy.get(folder);
        if (other === undefined) await this.alone({ attempt, cache, scope, folder });
        else await ended(other, attempt.signal);
      }
    }
  }

  private isBehind({ context, grantedAtMs }: Attempt, scope: CacheScope, folder: string): boolean {
    const wanted = context.caches[scope];
    if (wanted === this.deps.caches.versions.of(folder)) return false;
    return (this.askedAtMs.get(folder) ?? -Infinity) <= grantedAtMs;
  }

  private async alone(following: Following): Promise<void> {
    const { folder } = following;
    const work = this.follow(following);
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.busy.set(folder, settled);
    try {
      await work;
    } finally {
      this.busy.delete(folder);
    }
  }

  private async follow(following: Following): Promise<void> {
    try {
      await this.followOnce(following);
    } catch (error) {
      if (following.scope === 'shared' || !isOfTasks(error)) throw error;
      // Tasks have left something in the way that cannot be moved: as where the cache grows too large.
      this.deps.caches.empty(following.folder);
      await this.followOnce(following);
    }
  }

  private async followOnce({ attempt, cache, scope, folder }: Following): Promise<void> {
    const { client, caches } = this.deps;
    const done = caches.versions.begin(folder);
    const askedAtMs = monotonicMs();
    const have = caches.versions.of(folder);
    const stream = await client.openCache(attempt.lease, { scope, have }, attempt.signal);
    try {
      const reader = new StreamReader(stream);
      const head = CacheHead.parse(JSON.parse(await reader.line()));
      if (scope === 'user') this.requireFits(head.totalBytes);
      const tree = cache.trees[scope];
      if (head.isReset) tree.remove('');
      for (;;) {
        const line: unknown = JSON.parse(await reader.line());
        if (typeof line !== 'object' || line === null || 'end' in line) {
          done(head.version);
          this.askedAtMs.set(folder, askedAtMs);
          return;
        }
        if ('removed' in line) tree.remove(requirePath(CacheRemoval.parse(line).removed, true));
        else await this.take(BundleEntry.parse(line), reader, tree);
      }
    } finally {
      stream.destroy();
    }
  }

  private requireFits(bytes: number): void {
    const limit = this.deps.userCacheBytes;
    if (bytes <= limit) return;
    throw new StageError(
      'INPUT_FAILED',
      `the files that were put into the user cache have ${bytes} bytes, and a user's cache on this runner holds ${limit} (--user-cache)`,
    );
  }

  /** Takes one file in: whole and checked before it is seen. */
  private async take(entry: BundleEntry, reader: StreamReader, tree: Tree): Promise<void> {
    const path = requirePath(entry.path, false);
    const arriving = join(this.deps.caches.incoming, randomUUID());
    try {
      const sha256 = await write(arriving, reader.parts(entry.size), tree.rights);
      if (sha256 !== entry.sha256) {
        throw new StageError('INPUT_FAILED', `${path} arrived damaged: its SHA-256 differs`);
      }
      tree.place(path, arriving);
    } finally {
      await rm(arriving, { force: true });
    }
  }
}

type Tree = Cache['trees'][CacheScope];

async function write(
  path: string,
  parts: AsyncIterable<Uint8Array>,
  { gid, fileMode }: CacheRights,
): Promise<string> {
  const digest = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const part of parts) {
      digest.update(part);
      await file.writeFile(part);
    }
    if (gid !== null) await file.chown(0, gid);
    await file.chmod(fileMode);
  } finally {
    await file.close();
  }
  return digest.digest('base64url');
}

function requirePath(path: string, mayBeAll: boolean): string {
  if (path === '' && mayBeAll) return path;
  const problem = cachePathProblem(path);
  if (problem === null) return path;
  throw new StageError('INPUT_FAILED', `the server sent a path of a cache that ${problem}`);
}

/** Whether a file operation failed by what lies in the cache. */
function isOfTasks(error: unknown): boolean {
  const { syscall, code } = error as NodeJS.ErrnoException;
  const isOfFile = syscall !== undefined && /^(open|rename|mkdir|scandir|fch)/.test(syscall);
  return isOfFile && code !== undefined && !OF_DISK.has(code);
}

/** Waits for another attempt's work, but no longer than this one is wanted. */
async function ended(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new StageError('ABORTED', 'stopped before its start');
  let stop = () => undefined as void;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new StageError('ABORTED', 'stopped before its start'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
