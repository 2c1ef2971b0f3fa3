import { ApiError, NO_SPACE_REASON } from '@bytenite/contract';
import type { Context } from '../context.ts';
import type { RoomFor } from '../disk-space.ts';

type Disk = Pick<Context, 'disk'>;

/** Room comes back when data ends or the operator makes some. */
const RETRY_SECONDS = 60;
/** So long after a refusal whatever waits may wait for room. */
const REFUSED_LATELY_MS = 60_000;

/** Why nothing new begins, in words for everybody. */
export const NO_SPACE = "the platform's disk is almost full";

/** Refuses new work, and new bytes, while the disk is almost full: 503, before the database has no room. */
export async function requireSpace(ctx: Disk, bytes = 0): Promise<void> {
  await ctx.disk.refresh();
  if (ctx.disk.isLow()) throw noSpace(ctx, 'new work');
  if (bytes > 0) await requireRoom(ctx, bytes, 'new work');
}

/** Refuses bytes that do not fit beside what is kept for others. */
export async function requireRoom(ctx: Disk, bytes: number, use: RoomFor): Promise<void> {
  if (!(await ctx.disk.hasRoom(bytes, use))) throw noSpace(ctx, use, bytes);
}

/** A body as it comes, until what is kept for others is reached; not begun when it is known to be too large. */
export async function* whileRoom(
  ctx: Disk,
  body: AsyncIterable<Uint8Array>,
  use: RoomFor,
  size: number | null = null,
): AsyncGenerator<Uint8Array> {
  if (size !== null) await requireRoom(ctx, size, use);
  for await (const part of body) {
    if (!(await ctx.disk.take(part.byteLength, use))) throw noSpace(ctx, use);
    yield part;
  }
}

/** Whether something that was to be stored found no room a moment ago. */
export function wasRefusedLately({ disk }: Disk): boolean {
  return performance.now() - disk.refusedAt() < REFUSED_LATELY_MS;
}

const KEPT_FOR: Record<RoomFor, string> = {
  'new work': 'running jobs',
  results: 'the database',
  reports: 'the database',
};

function noSpace({ disk }: Disk, use: RoomFor, bytes: number | null = null): ApiError {
  const mib = (count: number) => `${Math.floor(count / 1024 ** 2)} MiB`;
  const state =
    bytes === null || disk.isLow() ? NO_SPACE : `the platform's disk is too full for ${mib(bytes)}`;
  return new ApiError(
    'UNAVAILABLE',
    `${state}: ${mib(disk.freeBytes())} are free, and ${mib(disk.keptBytes(use))} are kept for ${KEPT_FOR[use]}. Delete jobs that are not needed, or ask its operator to make room`,
    { retryAfter: RETRY_SECONDS, reason: NO_SPACE_REASON },
  );
}
