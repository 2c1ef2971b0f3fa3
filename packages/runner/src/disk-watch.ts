/**
 * Disk use of what tasks write to, looked at every second: apparent size, no links followed. A quota of
 * the file system would be exact, but needs rights and mount options that few machines give.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { monotonicMs } from './clock.ts';

export interface WatchedFolder {
  folder: string;
  limitBytes: number;
  onOver(): void;
}

const PERIOD_MS = 1000;
/** A folder that takes long to walk is walked less often: at most this share of the time. */
const WALK_SHARE = 0.1;
const ENTRIES_PER_TURN = 256;
const MAX_ENTRIES = 1_000_000;

interface Watch extends WatchedFolder {
  nextAtMs: number;
}

export class DiskWatch {
  private readonly watches = new Set<Watch>();
  private timer: NodeJS.Timeout | undefined;
  private isWalking = false;

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
    if (this.isWalking) return;
    this.isWalking = true;
    for (const watch of this.watches) {
      const startedAt = monotonicMs();
      if (startedAt < watch.nextAtMs) continue;
      const isOver = await exceeds(watch.folder, watch.limitBytes);
      const tookMs = monotonicMs() - startedAt;
      watch.nextAtMs = startedAt + tookMs / WALK_SHARE;
      if (isOver && this.watches.has(watch)) watch.onOver();
    }
    this.isWalking = false;
  }
}

/** True when the files below hold more bytes, or are more than anybody needs. */
async function exceeds(root: string, limitBytes: number): Promise<boolean> {
  let bytes = 0;
  let entries = 0;
  const folders = [Buffer.from(root)];
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    for (const entry of listFolder(folder)) {
      const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      if (++entries > MAX_ENTRIES) return true;
      if (entries % ENTRIES_PER_TURN === 0) await new Promise(setImmediate);
      if (entry.isDirectory()) folders.push(path);
      else bytes += sizeOf(path);
      if (bytes > limitBytes) return true;
    }
  }
  return false;
}

// The task goes on while we look: what has vanished since counts nothing.
function listFolder(path: Buffer) {
  try {
    return readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
  } catch {
    return [];
  }
}

function sizeOf(path: Buffer): number {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
