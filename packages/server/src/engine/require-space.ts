import { ApiError } from '@bytenite/contract';
import type { Context } from '../context.ts';

/** Room comes back when data ends or the operator makes some. */
const RETRY_SECONDS = 60;

/** Refuses new work while the disk is almost full: 503, before the database itself has no room. */
export function requireSpace(ctx: Pick<Context, 'disk'>): void {
  if (ctx.disk.isLow()) throw noSpace(ctx);
}

/** A body as it comes, until the disk is almost full. */
export async function* whileSpace(
  ctx: Pick<Context, 'disk'>,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const part of body) {
    requireSpace(ctx);
    yield part;
  }
}

/** Why nothing new begins, in words for everybody. */
export const NO_SPACE = "the platform's disk is almost full";

function noSpace({ disk }: Pick<Context, 'disk'>): ApiError {
  const mib = (bytes: number) => `${Math.floor(bytes / 1024 ** 2)} MiB`;
  return new ApiError(
    'UNAVAILABLE',
    `${NO_SPACE}: ${mib(disk.freeBytes())} are free, and new work needs ${mib(disk.limitBytes())}; running jobs go on. Delete jobs that are not needed, or ask its operator to make room`,
    { retryAfter: RETRY_SECONDS },
  );
}
