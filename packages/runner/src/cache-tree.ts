/**
 * Changes below one folder of a cache, which tasks may be writing to as they like meanwhile: links in the place
 * of folders, files in the place of what was a folder a moment ago. Each folder on the way is held open and the
 * next is looked up in it, never by its whole path, and no link is followed.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  mkdirSync,
  opendirSync,
  openSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import { emptyTrash } from './trash.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Names of the folders that this process holds open, where the system has such. */
const HELD = '/proc/self/fd';
const HAS_HELD = existsSync(HELD);
/** Gives back every byte of a name, whatever the name was written in. */
const NAME_ENCODING = 'latin1';
const ENTRIES_PER_READ = 256;
/** A task that changes the same place all the time harms its own cache only. */
const TRIES = 3;

export interface CacheRights {
  /** Group of what lies there; null where all belongs to the runner's own user. */
  gid: number | null;
  folderMode: number;
  fileMode: number;
}

export interface HeldEntry {
  /** In bytes: what a task has named need not be text. */
  name: Buffer;
  isFolder: boolean;
  isFile: boolean;
}

/** A folder that is held open; what is in it is named through it. */
export class HeldFolder {
  private readonly fd: number;
  private readonly path: string;

  private constructor(fd: number, path: string) {
    this.fd = fd;
    this.path = path;
  }

  /** Throws for anything but a folder, also for a link to one. */
  static open(path: string): HeldFolder {
    const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return new HeldFolder(fd, HAS_HELD ? `${HELD}/${fd}` : path);
  }

  of(name: string): string {
    return `${this.path}/${name}`;
  }

  open(name: string): HeldFolder {
    return HeldFolder.open(this.of(name));
  }

  /** What lies in it, read in parts: a task may have left any number. */
  *entries(): Generator<HeldEntry> {
    const dir = opendirSync(this.path, { encoding: NAME_ENCODING, bufferSize: ENTRIES_PER_READ });
    try {
      for (let entry = dir.readSync(); entry !== null; entry = dir.readSync()) {
        const name = Buffer.from(entry.name, NAME_ENCODING);
        yield { name, isFolder: entry.isDirectory(), isFile: entry.isFile() };
      }
    } finally {
      dir.closeSync();
    }
  }

  placeOf(name: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${this.path}/`), name]);
  }

  give({ gid, folderMode }: CacheRights): void {
    if (gid !== null) fchownSync(this.fd, 0, gid);
    fchmodSync(this.fd, folderMode);
  }

  close(): void {
    closeSync(this.fd);
  }
}

export class CacheTree {
  readonly rights: CacheRights;
  private readonly root: string;
  private readonly trashDir: string;

  constructor(root: string, rights: CacheRights, trashDir: string) {
    this.root = root;
    this.rights = rights;
    this.trashDir = trashDir;
  }

  /** Puts a file in its place, whatever lies there. */
  place(path: string, file: string): void {
    for (let tries = 1; ; tries += 1) {
      try {
        this.within(path, true, (folder, name) => {
          if (isFolder(folder, name)) this.throwAway(folder, Buffer.from(name));
          renameSync(file, folder.of(name));
        });
        return;
      } catch (error) {
        if (tries === TRIES) throw error;
      }
    }
  }

  /** Removes a file, or a folder with its contents; `''` removes all. */
  remove(path: string): void {
    if (path === '') return this.clear();
    this.within(path, false, (folder, name) => this.throwAway(folder, Buffer.from(name)));
  }

  private clear(): void {
    const root = HeldFolder.open(this.root);
    try {
      // All of them first: what is moved away while they are read may hide others.
      const entries = Array.from(root.entries());
      for (const { name } of entries) this.throwAway(root, name);
    } finally {
      root.close();
    }
  }

  /** Calls `act` with the folder of a path, unless that is not there and is not to be made. */
  private within(
    path: string,
    isMade: boolean,
    act: (folder: HeldFolder, name: string) => void,
  ): void {
    const names = path.split('/');
    const last = names.pop() ?? '';
    let folder = HeldFolder.open(this.root);
    try {
      for (const name of names) {
        const next = this.enter(folder, name, isMade);
        if (next === undefined) return;
        folder.close();
        folder = next;
      }
      act(folder, last);
    } finally {
      folder.close();
    }
  }

  private enter(folder: HeldFolder, name: string, isMade: boolean): HeldFolder | undefined {
    try {
      return folder.open(name);
    } catch (error) {
      const code = codeOf(error);
      const isOther = code === 'ENOTDIR' || code === 'ELOOP';
      if (!isOther && code !== 'ENOENT') throw error;
      // What lies behind a link is not in the cache.
      if (!isMade) return undefined;
      if (isOther) this.throwAway(folder, Buffer.from(name));
    }
    mkdirSync(folder.of(name), { mode: this.rights.folderMode & 0o777 });
    const made = folder.open(name);
    made.give(this.rights);
    return made;
  }

  private throwAway(folder: HeldFolder, name: Buffer): void {
    try {
      renameSync(folder.placeOf(name), join(this.trashDir, randomUUID()));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    emptyTrash(this.trashDir);
  }
}

function isFolder(folder: HeldFolder, name: string): boolean {
  try {
    folder.open(name).close();
    return true;
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
