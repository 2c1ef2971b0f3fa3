/**
 * The folder of one slot, used by its attempts one after another.
 *
 * The outer folder is a gate: it belongs to the runner and only the slot's own group may pass it, so
 * whatever rights a task gives to its folders, no other slot gets there. Results are taken in once the
 * task's tree is gone: from then on nobody but the runner can pass. As an ordinary user all tasks
 * share one uid and the gate protects nothing; that is the tier's word for "trusted".
 *
 * Folders are used again where they are as they were made, because making them anew costs more than a
 * short task's whole staging. Anything unexpected in them, and they are thrown away.
 */
import {
  chownSync,
  closeSync,
  existsSync,
  fchownSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { INPUT_PATHS, type TaskKind } from '@bytenite/contract';
import { throwAway } from './trash.ts';

export interface AttemptPaths {
  /** What the server fills: the source's folder, the task's folder or the results' folder. */
  input: string;
  /** What the task fills. */
  output: string;
  manifest: string;
  tmp: string;
}

const DIRS: Record<TaskKind, { input: string; output: string }> = {
  PARTITIONER: { input: INPUT_PATHS.source, output: 'chunks' },
  APP: { input: 'task', output: 'results' },
  ASSEMBLER: { input: INPUT_PATHS.results, output: 'output' },
};

const GATE_MODE = 0o710;
const PRIVATE_MODE = 0o700;
const CHUNK_MODE = 0o644;
/** More entries than this are removed in the background. */
const SYNC_ENTRIES = 64;
/** A folder that takes more to name its entries holds more than that, and reading it would hold up others. */
const SYNC_FOLDER_BYTES = 64 * 1024;
/** A folder's change time says that nothing changed only if it is older than the clock is coarse. */
const COARSE_CLOCK_MS = 100;

export class AttemptFolder {
  readonly path: string;
  readonly uid: number | null;
  /** Where an inline chunk goes. */
  readonly chunkFile: string;
  private readonly trashDir: string;
  private kind: TaskKind | undefined;
  private paths: AttemptPaths | undefined;
  /** Size of a chunk file that nobody but the runner has ever opened: it may be written again. */
  private ownChunkBytes: number | undefined;
  /** Change time of the empty tmp folder, once it says something. */
  private tmpUnchangedSince = Number.NaN;

  constructor(path: string, uid: number | null, trashDir: string) {
    this.path = path;
    this.uid = uid;
    this.chunkFile = join(path, INPUT_PATHS.chunk);
    this.trashDir = trashDir;
  }

  /** Empty folders for one attempt. */
  prepare(kind: TaskKind): AttemptPaths {
    if (this.paths !== undefined && this.kind === kind) return this.paths;
    this.discard();
    const paths = {
      input: join(this.path, DIRS[kind].input),
      output: join(this.path, DIRS[kind].output),
      manifest: join(this.path, INPUT_PATHS.manifest),
      tmp: join(this.path, 'tmp'),
    };
    mkdirSync(this.path, { mode: this.uid === null ? PRIVATE_MODE : GATE_MODE });
    for (const dir of [paths.input, paths.output, paths.tmp]) {
      mkdirSync(dir, { mode: PRIVATE_MODE });
      this.giveToTask(dir);
    }
    if (this.uid !== null) chownSync(this.path, 0, this.uid);
    this.kind = kind;
    this.paths = paths;
    return paths;
  }

  /** Writes the inline chunk of an APP task: always a copy, the task may write to it. */
  writeChunk(bytes: Uint8Array): void {
    const { ownChunkBytes } = this;
    // Written in part, it is not what it was: it is removed with the rest.
    this.ownChunkBytes = undefined;
    const fd = openSync(this.chunkFile, ownChunkBytes === undefined ? 'wx' : 'r+', CHUNK_MODE);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      if (ownChunkBytes !== undefined && ownChunkBytes > bytes.length)
        ftruncateSync(fd, bytes.length);
      if (ownChunkBytes === undefined && this.uid !== null) fchownSync(fd, this.uid, this.uid);
    } finally {
      closeSync(fd);
    }
    this.ownChunkBytes = bytes.length;
  }

  giveToTask(path: string): void {
    if (this.uid !== null) chownSync(path, this.uid, this.uid);
  }

  /**
   * Empties the folders after an attempt. Where each attempt leaves them alone, as in a sandbox that starts no
   * process, the chunk's file stays for the next one.
   */
  clear(wereLeftAlone: boolean): void {
    if (this.paths === undefined || (wereLeftAlone && this.ownChunkBytes !== undefined)) return;
    this.ownChunkBytes = undefined;
    const { input, output, tmp } = this.paths;
    const isReusable =
      this.kind !== 'ASSEMBLER' && this.empty(input) && this.empty(output) && this.emptyTmp(tmp);
    if (!isReusable) this.discard();
  }

  private emptyTmp(dir: string): boolean {
    const status = lstatSync(dir, { throwIfNoEntry: false });
    if (status?.ctimeMs === this.tmpUnchangedSince) return true;
    if (!this.empty(dir)) return false;
    const { ctimeMs } = lstatSync(dir);
    this.tmpUnchangedSince = Date.now() - ctimeMs > COARSE_CLOCK_MS ? ctimeMs : Number.NaN;
    return true;
  }

  /** True when the folder is as it was made; false leaves the rest to `discard`. */
  private empty(dir: string): boolean {
    try {
      const status = lstatSync(dir);
      if (!this.isAsMade(status) || status.size > SYNC_FOLDER_BYTES) return false;
      const names = readdirSync(dir);
      if (names.length > SYNC_ENTRIES) return false;
      // Fails for a folder, and for a name that is no valid UTF-8.
      for (const name of names) unlinkSync(`${dir}/${name}`);
      return true;
    } catch {
      return false;
    }
  }

  private isAsMade(status: Stats): boolean {
    const isOurs = status.isDirectory() && (this.uid === null || status.uid === this.uid);
    return isOurs && (status.mode & 0o7777) === PRIVATE_MODE;
  }

  private discard(): void {
    this.ownChunkBytes = undefined;
    this.tmpUnchangedSince = Number.NaN;
    this.paths = undefined;
    if (existsSync(this.path)) throwAway(this.path, this.trashDir);
  }
}
