/**
 * The folder of one slot, used by its attempts one after another.
 *
 * The outer folder is the gate: it belongs to the runner, and a task's uid can pass it only while the
 * task runs. During staging it is shut (0700), so whatever descriptors or paths other tasks know,
 * nobody else walks these folders while the runner does. As an ordinary user all tasks share one
 * uid and the gate protects nothing; that is the tier's word for "trusted".
 */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { INPUT_PATHS, type TaskKind } from '@bytenite/contract';

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

const SHUT = 0o700;
const OPEN = 0o710;
/** More entries than this are removed in the background. */
const SYNC_ENTRIES = 64;

let trashCount = 0;

export class AttemptFolder {
  private kind: TaskKind | undefined;

  readonly path: string;
  readonly uid: number | null;
  private readonly trashDir: string;

  constructor(path: string, uid: number | null, trashDir: string) {
    this.path = path;
    this.uid = uid;
    this.trashDir = trashDir;
  }

  /** Empty folders for one attempt; those of the last attempt are used again where they can be. */
  prepare(kind: TaskKind): AttemptPaths {
    const paths = this.paths(kind);
    if (this.kind !== kind) {
      if (this.kind !== undefined) this.discard();
      mkdirSync(this.path, { mode: SHUT, recursive: true });
      for (const dir of [paths.input, paths.output, paths.tmp]) {
        mkdirSync(dir, { mode: 0o700 });
        this.giveToTask(dir);
      }
      if (this.uid !== null) chownSync(this.path, 0, this.uid);
      this.kind = kind;
    }
    return paths;
  }

  /** The task's uid may come in. */
  open(): void {
    if (this.uid !== null) chmodSync(this.path, OPEN);
  }

  /** Nobody but the runner may come in. To be called once the task's tree is gone. */
  shut(): void {
    if (this.uid !== null) chmodSync(this.path, SHUT);
  }

  giveToTask(path: string): void {
    if (this.uid !== null) chownSync(path, this.uid, this.uid);
  }

  /** Empties the folder after an attempt. */
  clear(): void {
    if (this.kind === undefined) return;
    const { input, output, tmp } = this.paths(this.kind);
    const reusable =
      this.kind !== 'ASSEMBLER' && [input, output, tmp].every((dir) => this.empty(dir));
    if (!reusable) this.discard();
  }

  private paths(kind: TaskKind): AttemptPaths {
    return {
      input: join(this.path, DIRS[kind].input),
      output: join(this.path, DIRS[kind].output),
      manifest: join(this.path, INPUT_PATHS.manifest),
      tmp: join(this.path, 'tmp'),
    };
  }

  /** True when the directory is as it was made; false leaves the rest to `discard`. */
  private empty(dir: string): boolean {
    try {
      const status = lstatSync(dir);
      const isOurs = status.isDirectory() && (this.uid === null || status.uid === this.uid);
      if (!isOurs || (status.mode & 0o7777) !== 0o700) return false;
      const names = readdirSync(dir, { withFileTypes: true, encoding: 'buffer' });
      if (names.length > SYNC_ENTRIES || names.some((entry) => entry.isDirectory())) return false;
      const prefix = Buffer.from(`${dir}/`);
      for (const entry of names) unlinkSync(Buffer.concat([prefix, entry.name]));
      return true;
    } catch {
      return false;
    }
  }

  private discard(): void {
    this.kind = undefined;
    const trash = join(this.trashDir, String(trashCount++));
    try {
      renameSync(this.path, trash);
    } catch {
      rmSync(this.path, { recursive: true, force: true });
      return;
    }
    // What stays behind is removed at the next start.
    rm(trash, { recursive: true, force: true }).catch(() => undefined);
  }
}
