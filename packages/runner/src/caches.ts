/**
 * SHARED_CACHE_DIR and USER_CACHE_DIR. A user's cache is keyed by (job owner, component owner): a
 * component of another account gets a cache of its own. As root a cache belongs to a group of its
 * own, which the tasks of that key join, because each slot has another uid.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheScope, TaskContext } from '@bytenite/contract';
import { CacheTree, type CacheRights } from './cache-tree.ts';
import { CacheVersions } from './cache-versions.ts';
import { MAX_CACHES, MAX_SLOTS } from './id-range.ts';
import { throwAway } from './trash.ts';

export interface Cache {
  shared: string;
  user: string;
  groups: number[];
  /** What is put into them from the platform, by the contract's names. */
  trees: Record<CacheScope, CacheTree>;
}

const PLAIN: CacheRights = { gid: null, folderMode: 0o755, fileMode: 0o644 };

export class Caches {
  /** Which changes made on the platform they have. */
  readonly versions: CacheVersions;
  /** Files lie here while they arrive, on the same file system. */
  readonly incoming: string;
  private readonly shared: string;
  private readonly users: string;
  private readonly uidBase: number | null;
  private readonly trashDir: string;
  private readonly known = new Map<string, Cache>();
  private readonly byContext = new WeakMap<TaskContext, Cache>();
  private readonly firstGroup: number;
  private nextGroup: number;

  constructor(root: string, uidBase: number | null, trashDir: string) {
    this.uidBase = uidBase;
    this.trashDir = trashDir;
    this.shared = join(root, 'shared');
    this.users = join(root, 'users');
    for (const dir of [root, this.users]) mkdirSync(dir, { recursive: true, mode: 0o711 });
    mkdirSync(this.shared, { recursive: true, mode: 0o755 });
    this.versions = new CacheVersions(join(root, 'versions'));
    this.incoming = join(root, 'incoming');
    rmSync(this.incoming, { recursive: true, force: true });
    mkdirSync(this.incoming, { mode: 0o700 });
    this.firstGroup = (uidBase ?? 0) + MAX_SLOTS;
    this.nextGroup = this.firstGroup;
    for (const name of readdirSync(this.users)) {
      const { gid } = statSync(join(this.users, name));
      if (this.isOurs(gid)) this.nextGroup = Math.max(this.nextGroup, gid + 1);
    }
  }

  of(context: TaskContext): Cache {
    let cache = this.byContext.get(context);
    if (!cache) {
      cache = this.ofOwners(context);
      this.byContext.set(context, cache);
    }
    return cache;
  }

  /** Puts an empty folder in the place of a user's cache, whatever lies in it and whoever uses it. */
  empty(user: string): void {
    const { gid } = statSync(user);
    this.versions.forget(user);
    throwAway(user, this.trashDir);
    mkdirSync(user, { recursive: true, mode: 0o700 });
    if (this.uidBase !== null) this.giveToGroup(user, gid);
  }

  private ofOwners(context: TaskContext): Cache {
    const key = createHash('sha256')
      .update(JSON.stringify([context.owner, context.component.owner]))
      .digest('hex')
      .slice(0, 32);
    let cache = this.known.get(key);
    if (!cache) {
      cache = this.open(join(this.users, key));
      this.known.set(key, cache);
    }
    return cache;
  }

  private open(user: string): Cache {
    mkdirSync(user, { recursive: true, mode: 0o700 });
    if (this.uidBase === null) return this.cacheOf(user, null);
    let { gid } = statSync(user);
    if (!this.isOurs(gid)) {
      gid = this.nextGroup++;
      if (!this.isOurs(gid)) throw new Error(`more than ${MAX_CACHES} user caches on this runner`);
      // New, or of a time when the runner had other ids.
      this.giveToGroup(user, gid);
    }
    return this.cacheOf(user, gid);
  }

  private cacheOf(user: string, gid: number | null): Cache {
    // As what tasks make: whoever is in the group may do everything with it.
    const rights = gid === null ? PLAIN : { gid, folderMode: 0o2770, fileMode: 0o664 };
    return {
      shared: this.shared,
      user,
      groups: gid === null ? [] : [gid],
      trees: {
        user: new CacheTree(user, rights, this.trashDir),
        shared: new CacheTree(this.shared, PLAIN, this.trashDir),
      },
    };
  }

  private giveToGroup(user: string, gid: number): void {
    execFileSync('chgrp', ['-R', '-h', '--', String(gid), user]);
    // Files take the folder's group; with the tasks' umask 002 the next slot can write them.
    chmodSync(user, 0o2770);
  }

  private isOurs(gid: number): boolean {
    return gid >= this.firstGroup && gid < this.firstGroup + MAX_CACHES;
  }
}
