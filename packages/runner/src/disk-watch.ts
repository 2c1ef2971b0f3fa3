/**
 * What tasks write to, looked at every second, or less often where that takes long: apparent size and number
 * of entries, no links followed. A quota of the file system would be exact, but needs rights and mount options
 * that few machines give.
 */
import { lstatSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { monotonicMs } from './clock.ts';

export type Excess = 'bytes' | 'entries';

export interface WatchedFolder {
  folder: string;
  limitBytes: number;
  /** Files and folders; one too deep to be looked at is one too many. */
  limitEntries: number;
  onOver(what: Excess): void;
}

const PERIOD_MS = 1000;
/** A folder that takes long to walk is walked less often: at most this share of the time. So are all together. */
const WALK_SHARE = 0.1;
/** One large folder does not keep the others unwatched for longer. */
const LONGEST_PAUSE_MS = 3000;
/** Entries read at once, and looked at before others have their turn. */
const ENTRIES_PER_TURN = 256;

interface Watch extends WatchedFolder {
  nextAtMs: number;
}

export class DiskWatch {
  private readonly watches = new Set<Watch>();
  private timer: NodeJS.Timeout | undefined;
  private isWalking = false;
  private nextRoundAtMs = 0;

  /** Watches from the next second on, until the returned function is called. */
  watch(folder: WatchedFolder): () => void {
    const watch = { ...folder, nextAtMs: monotonicMs() + PERIOD_MS };
    this.watches.add(watch);
    this.timer ??= setInterval(() => void this.look(), PERIOD_MS);
    return () => {
      this.watches.delete(watch);
      if (this.watches.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  }

  private async look(): Promise<void> {
    const beganAt = monotonicMs();
    if (this.isWalking || beganAt < this.nextRoundAtMs) return;
    this.isWalking = true;
    for (const watch of this.watches) {
      const startedAt = monotonicMs();
      if (startedAt < watch.nextAtMs) continue;
      const excess = await findExcess(watch, () => this.watches.has(watch));
      const tookMs = monotonicMs() - startedAt;
      watch.nextAtMs = startedAt + tookMs / WALK_SHARE;
      if (excess !== undefined && this.watches.has(watch)) watch.onOver(excess);
    }
    this.isWalking = false;
    const pauseMs = (monotonicMs() - beganAt) / WALK_SHARE;
    this.nextRoundAtMs = beganAt + Math.min(pauseMs, LONGEST_PAUSE_MS);
  }
}

/** What the files below have too much of. Ends early when nobody wants to know any more. */
async function findExcess(
  { folder: root, limitBytes, limitEntries }: WatchedFolder,
  isWanted: () => boolean,
): Promise<Excess | undefined> {
  let bytes = 0;
  let entries = 0;
  const folders = [Buffer.from(root)];
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    for await (const entry of listFolder(folder)) {
      const path = Buffer.concat([folder, SLASH, Buffer.from(entry.name, NAME_ENCODING)]);
      if (++entries > limitEntries || path.length > LONGEST_PATH) return 'entries';
      if (entry.isDirectory()) folders.push(path);
      else bytes += sizeOf(path);
      if (bytes > limitBytes) return 'bytes';
    }
    if (!isWanted()) return undefined;
  }
  return undefined;
}

const SLASH = Buffer.from('/');
/** Gives back every byte of a name, whatever the name was written in. */
const NAME_ENCODING = 'latin1';
/** The system takes no longer one: what lies deeper cannot be looked at. */
const LONGEST_PATH = 4095;

// The task goes on while we look: what has vanished since counts nothing.
async function* listFolder(path: Buffer) {
  try {
    yield* await opendir(path, { encoding: NAME_ENCODING, bufferSize: ENTRIES_PER_TURN });
  } catch {
    return;
  }
}

function sizeOf(path: Buffer): number {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
