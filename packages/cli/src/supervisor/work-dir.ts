/**
 * Where the runner works. Started as root, tasks run as other users, who must be able to pass through all
 * the folders above theirs: the data directory is closed to them, so the work lies outside of it. Such a
 * folder belongs to its data directory: it goes when `up` ends, but for what components keep in their caches,
 * and altogether when the data directory is gone.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../errors.ts';

const PASSABLE = 0o711;
const PARENT = '/var/tmp';
/** Names the data directory that a folder belongs to. */
const OWNER_FILE = 'data-dir';
const CACHES = 'caches';
const OURS = /^bytenite-([0-9a-f]{16}|probe-\w{6})$/;
/** One without an owner may just be being made. */
const UNOWNED_MS = 3600_000;

export function workDirOf(dataDir: string, parent = PARENT): string {
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return path.join(parent, `bytenite-${id}`);
}

export function openWorkDir(dataDir: string): string {
  if (process.getuid?.() !== 0) return path.join(dataDir, 'runner');
  const dir = workDirOf(dataDir);
  mkdirSync(dir, { recursive: true, mode: PASSABLE });
  // Everybody can make files in /var/tmp: what lies there may be someone else's trap.
  if (!isOwn(dir)) {
    throw new CliError(`${dir} belongs to someone else, so the runner does not work in it`, {
      fix: ['look at it and remove it, or name another data directory: bytenite up --data-dir DIR'],
    });
  }
  chmodSync(dir, PASSABLE);
  writeFileSync(path.join(dir, OWNER_FILE), dataDir, { mode: 0o600 });
  return dir;
}

/** After the runner has ended: leaves nothing but caches that hold something. */
export async function clearWorkDir(dataDir: string, parent = PARENT): Promise<void> {
  const dir = workDirOf(dataDir, parent);
  if (!existsSync(dir) || !isOwn(dir)) return;
  const caches = path.join(dir, CACHES);
  const keeps = holdsFiles(caches) ? [CACHES, OWNER_FILE] : [];
  for (const name of readdirSync(dir)) {
    if (!keeps.includes(name)) await remove(path.join(dir, name));
  }
  if (keeps.length === 0) await remove(dir);
}

/** The runner makes the folders of caches before anything is put there. */
function holdsFiles(dir: string): boolean {
  if (!existsSync(dir)) return false;
  return readdirSync(dir, { withFileTypes: true }).some(
    (entry) => !entry.isDirectory() || holdsFiles(path.join(dir, entry.name)),
  );
}

/** Removes the folders of data directories that are gone, unless something still runs there. */
export async function sweepWorkDirs(parent = PARENT, now = Date.now()): Promise<void> {
  // Where there is no such folder, or it is closed to this user, there is nothing of ours.
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((entry) => OURS.test(entry))) {
    const dir = path.join(parent, name);
    if (isOwn(dir) && isAbandoned(dir, now) && !isInUse(dir)) await remove(dir);
  }
}

function isOwn(dir: string): boolean {
  const found = lstatSync(dir, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

function isAbandoned(dir: string, now: number): boolean {
  try {
    return !existsSync(readFileSync(path.join(dir, OWNER_FILE), 'utf8'));
  } catch {
    const found = lstatSync(dir, { throwIfNoEntry: false });
    return found !== undefined && now - found.mtimeMs > UNOWNED_MS;
  }
}

/** A runner is told its folder in its arguments, and so are the launcher and what it starts. */
function isInUse(dir: string): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(dir);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

/** What cannot be removed now is removed another time: no reason to end with an error. */
async function remove(file: string): Promise<void> {
  await rm(file, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
}
