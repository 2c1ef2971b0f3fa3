/**
 * Keeps a user's cache on this runner within its size. Tasks write it as they like, so it is looked at while one
 * that uses it runs, and a moment longer; once it is too large, those tasks end and the next ones find it empty.
 * What lies there can be had anew, so nothing is chosen: an empty cache is of use again, a full one is not.
 */
import type { DiskWatch } from './disk-watch.ts';

/** A task that ends right after it has filled the cache is noticed, too. */
const LINGER_MS = 2500;
/** Files and folders, more than anybody needs. */
const MAX_ENTRIES = 1_000_000;

interface Use {
  /** What ends each of the tasks that use it. */
  readonly stops: Set<() => void>;
  readonly unwatch: () => void;
  leaving: NodeJS.Timeout | undefined;
}

export interface CacheQuotaOptions {
  limitBytes: number;
  diskWatch: DiskWatch;
  /** Puts an empty folder in the place of a cache. */
  empty: (folder: string) => void;
}

export class CacheQuota {
  private readonly uses = new Map<string, Use>();
  private readonly options: CacheQuotaOptions;

  constructor(options: CacheQuotaOptions) {
    this.options = options;
  }

  /** To be called when a task begins; the returned function when its processes are gone. */
  use(folder: string, stop: () => void): () => void {
    const use = this.uses.get(folder) ?? this.begin(folder);
    clearTimeout(use.leaving);
    use.stops.add(stop);
    return () => {
      use.stops.delete(stop);
      if (use.stops.size > 0 || this.uses.get(folder) !== use) return;
      use.leaving = setTimeout(() => this.end(folder, use), LINGER_MS).unref();
    };
  }

  private begin(folder: string): Use {
    const { diskWatch, limitBytes, empty } = this.options;
    const onOver = () => {
      // Tasks that begin from now on use the new folder.
      this.end(folder, use);
      for (const stop of use.stops) stop();
      empty(folder);
    };
    const unwatch = diskWatch.watch({ folder, limitBytes, limitEntries: MAX_ENTRIES, onOver });
    const use: Use = { stops: new Set(), unwatch, leaving: undefined };
    this.uses.set(folder, use);
    return use;
  }

  private end(folder: string, use: Use): void {
    clearTimeout(use.leaving);
    use.unwatch();
    this.uses.delete(folder);
  }
}
