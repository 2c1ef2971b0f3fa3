/** Which version of the platform's changes each cache of this runner has, also after a new start. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FIRST_VERSION } from '@bytenite/contract';

export class CacheVersions {
  private readonly dir: string;
  private readonly known = new Map<string, string>();
  /** How often a cache was emptied: what began before that is not true any more. */
  private readonly emptied = new Map<string, number>();

  constructor(dir: string) {
    this.dir = dir;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  /** FIRST_VERSION is never wrong: all changes are followed from there, or the cache begins anew. */
  of(folder: string): string {
    let version = this.known.get(folder);
    if (version === undefined) this.known.set(folder, (version = this.read(folder)));
    return version;
  }

  /** To be called before a cache is changed; the returned function when it has its new version. */
  begin(folder: string): (version: string) => void {
    const emptied = this.emptied.get(folder);
    return (version) => {
      if (this.emptied.get(folder) === emptied) this.save(folder, version);
    };
  }

  /** To be called before a cache is emptied. */
  forget(folder: string): void {
    this.emptied.set(folder, (this.emptied.get(folder) ?? 0) + 1);
    this.save(folder, FIRST_VERSION);
  }

  private save(folder: string, version: string): void {
    const file = this.fileOf(folder);
    writeFileSync(`${file}.new`, version, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.known.set(folder, version);
  }

  private read(folder: string): string {
    try {
      return readFileSync(this.fileOf(folder), 'utf8').trim() || FIRST_VERSION;
    } catch {
      return FIRST_VERSION;
    }
  }

  private fileOf(folder: string): string {
    return join(this.dir, basename(folder));
  }
}
