/** What runners tell of the users' caches that tasks have written to. */
import { ApiError, cachePathProblem, type CacheListing } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { saveCacheListing } from '../../store/cache-listings.ts';
import type { Runner } from '../runners.ts';

/** A task may run this long after it was granted, and its runner tell of it a little later. */
const PASS_MS = 7 * 24 * 3600 * 1000;

const subjectOf = (runner: string, account: string): string => JSON.stringify([runner, account]);

/** Handed out with tasks: a runner lists no cache but those of accounts that it was given tasks of. */
export function listingPass(ctx: Context, runner: string, account: string): string {
  return ctx.links.sign('cache listing', subjectOf(runner, account), ctx.now() + PASS_MS);
}

export async function saveListing(
  ctx: Context,
  runner: Runner,
  { owner, pass, version, files, isCut }: CacheListing,
): Promise<void> {
  if (!ctx.links.verify('cache listing', subjectOf(runner.id, owner), pass, ctx.now())) {
    throw new ApiError('PERMISSION_DENIED', 'the runner was given no task with this cache');
  }
  const shown = files.filter(([path]) => cachePathProblem(path) === null);
  await saveCacheListing(ctx.store.db, {
    account: owner,
    runner: runner.id,
    version,
    files: JSON.stringify(shown),
    is_cut: isCut || shown.length < files.length ? 1 : 0,
    listed_at: ctx.now(),
  });
}
