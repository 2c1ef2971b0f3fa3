/** Chunks as a person names them: `3,7-9`. */
import { invalid, type ApiError } from '@bytenite/contract';

export interface ChunkRange {
  first: number;
  last: number;
}

/** More would be a list that nobody wrote by hand. */
const MAX_RANGES = 1000;

/** In ascending order, none within or beside another; throws where that is not what the text says. */
export function parseChunks(text: string, numChunks: number): ChunkRange[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > MAX_RANGES) {
    throw wrong(`names ${parts.length} ranges, at most ${MAX_RANGES} can be named`);
  }
  const ranges = parts.map((part) => parseRange(part, numChunks));
  return merged(ranges.toSorted((a, b) => a.first - b.first));
}

export function sizeOf(ranges: readonly ChunkRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

function parseRange(part: string, numChunks: number): ChunkRange {
  const [, from, to = from] = /^(\d{1,9})(?:\s*-\s*(\d{1,9}))?$/.exec(part) ?? [];
  const first = Number(from);
  const last = Number(to);
  if (from === undefined || first > last) {
    throw wrong(`must be numbers and ranges such as 3,7-9; ${JSON.stringify(part)} is neither`);
  }
  if (last >= numChunks) {
    throw wrong(`names chunk ${last}; the job has ${numChunks}, numbered from 0`);
  }
  return { first, last };
}

function merged(ranges: readonly ChunkRange[]): ChunkRange[] {
  const result: ChunkRange[] = [];
  for (const { first, last } of ranges) {
    const before = result.at(-1);
    if (before === undefined || first > before.last + 1) result.push({ first, last });
    else before.last = Math.max(before.last, last);
  }
  return result;
}

function wrong(description: string): ApiError {
  return invalid(`chunks ${description}`, [{ field: 'chunks', description }]);
}
