/**
 * SHARED_CACHE_DIR and USER_CACHE_DIR. A user's cache is keyed by (job owner, component owner): a
 * component of another account gets a cache of its own. As root a cache belongs to a group of its
 * own, which the tasks of that key join, because each slot has another uid.
 */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskContext } from '@bytenite/contract';

export interface Cache {
  shared: string;
  user: string;
  groups: number[];
}

/** Groups of caches lie above every slot's uid. */
const GROUP_OFFSET = 10_000;

export class Caches {
  private readonly shared: string;
  private readonly users: string;
  private readonly known = new Map<string, Cache>();
  private lastGroup: number;

  private readonly uidBase: number | null;

  constructor(root: string, uidBase: number | null) {
    this.uidBase = uidBase;
    this.shared = join(root, 'shared');
    this.users = join(root, 'users');
    for (const dir of [root, this.users]) mkdirSync(dir, { recursive: true, mode: 0o711 });
    mkdirSync(this.shared, { recursive: true, mode: 0o755 });
    this.lastGroup = (uidBase ?? 0) + GROUP_OFFSET;
    for (const name of readdirSync(this.users)) {
      this.lastGroup = Math.max(this.lastGroup, statSync(join(this.users, name)).gid);
    }
  }

  of(context: TaskContext): Cache {
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
    const made = mkdirSync(user, { recursive: true, mode: 0o700 });
    if (this.uidBase === null) return { shared: this.shared, user, groups: [] };
    if (made !== undefined) {
      chownSync(user, 0, ++this.lastGroup);
      // Files take the folder's group; with the tasks' umask 002 the next slot can write them.
      chmodSync(user, 0o2770);
    }
    return { shared: this.shared, user, groups: [statSync(user).gid] };
  }
}
