/**
 * A watch on the room that the data directory's disk has left. Below a limit the platform takes no new work,
 * while there still is room for what is under way and for the database itself; above it again by a margin
 * it goes on.
 */
import { statfs } from 'node:fs/promises';
import type { Logger } from 'pino';

const GIB = 1024 ** 3;
/** Unless the operator says: so much, but a fiftieth of a large disk, and never a large part of a tiny one. */
const LEAST_BYTES = GIB;
const FRACTION = 0.02;
const MOST_BYTES = 20 * GIB;
const TINY_FRACTION = 0.1;
/** New work comes back once there is so much more room than the limit. */
const MARGIN = 1.25;

/** In bytes, or as a part of the disk; null takes the default. */
export type DiskLimit = { bytes: number } | { fraction: number } | null;

/** Whom room is for. Each leaves a part of the limit to those after it, and the last one to the database. */
export type RoomFor = 'new work' | 'results' | 'reports';
const KEPT: Record<RoomFor, number> = { 'new work': 1, results: 0.5, reports: 0.25 };

/** What is written meanwhile is counted, but not what other programs write. */
const FRESH_MS = 200;

export interface DiskSpace {
  isLow: () => boolean;
  freeBytes: () => number;
  limitBytes: () => number;
  /** What stays free whatever comes for this. */
  keptBytes: (use: RoomFor) => number;
  /** Looks at the disk. */
  look: () => Promise<void>;
  /** Looks at the disk unless that was done just now. */
  refresh: () => Promise<void>;
  /** Whether so many bytes can be written; looks before it says no. */
  hasRoom: (bytes: number, use: RoomFor) => Promise<boolean>;
  /** The same for bytes that are written at once: they count as written. */
  take: (bytes: number, use: RoomFor) => Promise<boolean>;
  /** When room was last refused to a body, on the clock of `performance.now()`. */
  refusedAt: () => number;
}

export async function watchDiskSpace(
  dir: string,
  limit: DiskLimit,
  logger: Logger,
): Promise<DiskSpace> {
  let free = 0;
  let limitBytes = 0;
  let isLow = false;
  let lookedAt = -Infinity;
  let refusedAt = -Infinity;
  const fits = (bytes: number, use: RoomFor) => free - bytes >= disk.keptBytes(use);
  const disk: DiskSpace = {
    isLow: () => isLow,
    freeBytes: () => free,
    limitBytes: () => limitBytes,
    keptBytes: (use) => Math.floor(limitBytes * KEPT[use]),
    refusedAt: () => refusedAt,
    async refresh() {
      if (performance.now() - lookedAt > FRESH_MS) await disk.look();
    },
    async hasRoom(bytes, use) {
      await disk.refresh();
      if (fits(bytes, use)) return true;
      await disk.look();
      if (fits(bytes, use)) return true;
      refusedAt = performance.now();
      return false;
    },
    async take(bytes, use) {
      if (!(await disk.hasRoom(bytes, use))) return false;
      free -= bytes;
      return true;
    },
    async look() {
      lookedAt = performance.now();
      const { bavail, blocks, bsize } = await statfs(dir);
      free = bavail * bsize;
      limitBytes = decideLimit(limit, blocks * bsize);
      const next = free < (isLow ? limitBytes * MARGIN : limitBytes);
      if (next === isLow) return;
      isLow = next;
      const fields = { dir, freeBytes: free, limitBytes };
      if (isLow) logger.warn(fields, 'the disk is almost full: new work is refused');
      else logger.info(fields, 'the disk has room again: new work is taken');
    },
  };
  await disk.look();
  return disk;
}

export function decideLimit(limit: DiskLimit, diskBytes: number): number {
  if (limit !== null && 'bytes' in limit) return limit.bytes;
  if (limit !== null) return limit.fraction * diskBytes;
  const usual = Math.min(Math.max(LEAST_BYTES, FRACTION * diskBytes), MOST_BYTES);
  return Math.floor(Math.min(usual, TINY_FRACTION * diskBytes));
}
