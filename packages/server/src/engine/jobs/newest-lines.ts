import type { ScannedLine } from './log-packs.ts';

/** A line of a page: where it stands, and its bytes where they were kept. */
export interface FoundLine {
  t: number;
  chunk: number;
  /** Number of its pack, by which lines of one millisecond stay as they came. */
  n: number;
  pack: string;
  offset: number;
  length: number;
  bytes: Buffer | null;
}

/** Lines that are not kept are read again when they are sent: a page of the longest lines is hundreds of MB. */
const KEPT_BYTES = 8 * 1024 * 1024;
/** Trimming is worth it only now and then. */
const SPARE_LINES = 1000;

/** The newest lines, up to a limit. */
export class NewestLines {
  lines: FoundLine[] = [];
  private kept = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get isFull(): boolean {
    return this.lines.length >= this.limit;
  }

  add(pack: { n: number; key: string }, { t, offset, owner, bytes }: ScannedLine): void {
    const isKept = this.kept + bytes.length <= KEPT_BYTES;
    if (isKept) this.kept += bytes.length;
    this.lines.push({
      t,
      chunk: owner.key.chunk,
      n: pack.n,
      pack: pack.key,
      offset,
      length: bytes.length,
      bytes: isKept ? Buffer.from(bytes) : null,
    });
    if (this.lines.length > this.limit * 2 + SPARE_LINES) this.trim();
  }

  /** Sorts, and drops what is older than the limit allows. */
  trim(): void {
    this.lines.sort((a, b) => a.t - b.t || a.n - b.n || a.offset - b.offset);
    if (this.lines.length <= this.limit) return;
    this.lines = this.lines.slice(-this.limit);
    this.kept = this.lines.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  }
}
