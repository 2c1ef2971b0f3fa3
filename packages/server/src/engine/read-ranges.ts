import type { BlobStore } from '../blob/blob-store.ts';

export interface Range {
  key: string;
  offset: number;
  length: number;
}

/** Neighbours are read together up to this many bytes. */
const MERGED_BYTES = 4 * 1024 * 1024;

/** Reads small ranges, in the order given. Chunks and results lie side by side, so few reads serve many. */
export async function readRanges(
  blobs: BlobStore,
  ranges: readonly Range[],
): Promise<Uint8Array[]> {
  const result: Uint8Array[] = [];
  for (const run of neighbours(ranges)) {
    const first = run[0];
    if (first === undefined) continue;
    const length = run.reduce((sum, range) => sum + range.length, 0);
    const bytes =
      length === 0
        ? new Uint8Array()
        : await blobs.read(first.key, { offset: first.offset, length });
    let at = 0;
    for (const range of run) {
      result.push(bytes.subarray(at, at + range.length));
      at += range.length;
    }
  }
  return result;
}

function neighbours(ranges: readonly Range[]): Range[][] {
  const runs: Range[][] = [];
  let bytes = 0;
  for (const range of ranges) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const joins =
      last !== undefined &&
      last.key === range.key &&
      last.offset + last.length === range.offset &&
      bytes + range.length <= MERGED_BYTES;
    if (joins) {
      run?.push(range);
      bytes += range.length;
    } else {
      runs.push([range]);
      bytes = range.length;
    }
  }
  return runs;
}
