/** The runner's folders, their rights, and what an earlier run left in them. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { emptyTrash, throwAway } from './trash.ts';

export interface WorkDir {
  root: string;
  attempts: string;
  trash: string;
  packages: string;
  caches: string;
  lockFile: string;
  /** Where a slot's own root is put together; in the host's view it stays empty. */
  zoneRoot: string;
  /** Name of the runner's cgroup; another runner on this machine has another work folder. */
  cgroup: string;
}

/** Others may pass, nobody may list. */
const PASSABLE = 0o711;

export function openWorkDir(root: string, uidBase: number | null): WorkDir {
  mkdirSync(root, { recursive: true, mode: PASSABLE });
  chmodSync(root, uidBase === null ? 0o700 : PASSABLE);
  if (uidBase !== null) requirePassable(root);
  const id = createHash('sha256').update(root).digest('hex').slice(0, 12);
  return {
    root,
    attempts: join(root, 'attempts'),
    trash: join(root, 'trash'),
    packages: join(root, 'packages'),
    caches: join(root, 'caches'),
    zoneRoot: join(root, 'root'),
    lockFile: join(root, 'launcher.lock'),
    cgroup: `bytenite-${id}`,
  };
}

/** To be called only when no process of an earlier run is left. */
export function clearAttempts(dir: WorkDir): void {
  mkdirSync(dir.trash, { recursive: true, mode: 0o700 });
  emptyTrash(dir.trash);
  if (existsSync(dir.attempts)) throwAway(dir.attempts, dir.trash);
  mkdirSync(dir.attempts, { mode: PASSABLE });
}

function requirePassable(root: string): void {
  for (let path = root; path !== dirname(path); path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) {
      throw new Error(
        `tasks run as unprivileged users and cannot reach ${root}: ${path} must be passable (chmod o+x)`,
      );
    }
  }
}
