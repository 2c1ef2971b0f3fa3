/**
 * How a cache comes to a runner: as a stream of JSON lines and bytes. The first line is a CacheHead; then
 * come the paths that were removed, `{"removed":"models/old"}`, then files as frames (see file-stream.ts), and
 * `{"end":true}`. Whoever follows the lines in their order has the version that the head names.
 */
import { z } from 'zod';

const count = z.int().nonnegative();

/** The version of a cache that was never changed. */
export const FIRST_VERSION = '0';

/** A file's line in the stream of a cache, and its path's bytes, are within FRAME_LINE_LIMIT. */
export const CacheHead = z.object({
  version: z.string(),
  /** What the runner has is not known any more: it begins with an empty folder. */
  isReset: z.boolean(),
  /** Of all files that were put into the cache, not only of those that follow. */
  totalBytes: count,
});
export type CacheHead = z.infer<typeof CacheHead>;

export const CacheRemoval = z.object({ removed: z.string() });
export type CacheRemoval = z.infer<typeof CacheRemoval>;

/** So many files of a cache are listed by a runner. */
export const MAX_LISTED_FILES = 5000;

/** What lies in a user's cache on one runner, as tasks have left it. */
export const CacheListing = z.object({
  runnerId: z.string(),
  incarnation: z.string(),
  /** Account of the cache, and what was handed out with its tasks to say so. */
  owner: z.string(),
  pass: z.string(),
  version: z.string(),
  /** Path and size. */
  files: z.array(z.tuple([z.string(), count])).max(MAX_LISTED_FILES),
  /** There is more than could be listed. */
  isCut: z.boolean(),
});
export type CacheListing = z.infer<typeof CacheListing>;
