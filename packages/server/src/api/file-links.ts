/** Absolute links that need no token, and their subjects, which api/files.ts verifies. */
import type { Context } from '../context.ts';
import type { CachePlace } from '../engine/cache/put-cache-file.ts';
import { UPLOAD_URL_MS } from '../engine/jobs/upload.ts';

/** A file can be put into a cache this long after its link was given out. */
const CACHE_URL_MS = 3600 * 1000;

/** A package can be fetched this long after its link was given out. */
const PACKAGE_URL_MS = 3600 * 1000;

export const UPLOAD_PATH = '/u';
export const RESULT_PATH = '/f/r';
export const PACKAGE_PATH = '/f/p';
export const CACHE_PATH = '/u/cache';

/** What links are made with: any handler's call. */
interface LinkContext {
  ctx: Pick<Context, 'links' | 'now'>;
  origin: string;
}

export const uploadSubject = (jobNo: number): string => String(jobNo);

/** tempUrl: where a draft's file is put. */
export function uploadLink({ ctx, origin }: LinkContext, jobNo: number): string {
  const sig = ctx.links.sign('upload', uploadSubject(jobNo), ctx.now() + UPLOAD_URL_MS);
  return `${origin}${UPLOAD_PATH}/${jobNo}?sig=${sig}`;
}

export interface ResultName {
  jobNo: number;
  run: number;
  /** Relative path of the delivered file. */
  path: string;
}

export const resultSubject = ({ jobNo, run, path }: ResultName): string =>
  `${jobNo}/${run}/${path}`;

export function resultLink(
  { ctx, origin }: LinkContext,
  result: ResultName,
  expiresAt: number,
): string {
  const sig = ctx.links.sign('result', resultSubject(result), expiresAt);
  const path = result.path.split('/').map(encodeURIComponent).join('/');
  return `${origin}${RESULT_PATH}/${result.jobNo}/${result.run}/${path}?sig=${sig}`;
}

export const packageSubject = (component: string, revision: number): string =>
  `${component}/${revision}`;

export function packageLink(
  { ctx, origin }: LinkContext,
  component: string,
  revision: number,
): string {
  const subject = packageSubject(component, revision);
  const sig = ctx.links.sign('package', subject, ctx.now() + PACKAGE_URL_MS);
  return `${origin}${PACKAGE_PATH}/${subject}?sig=${sig}`;
}

export const cacheSubject = ({ cache, path }: CachePlace): string => JSON.stringify([cache, path]);

/** Where a file of a cache is put, and until when. */
export function cacheLink(
  { ctx, origin }: LinkContext,
  place: CachePlace,
): { url: string; expiresAt: number } {
  const expiresAt = ctx.now() + CACHE_URL_MS;
  const sig = ctx.links.sign('cache', cacheSubject(place), expiresAt);
  const path = place.path.split('/').map(encodeURIComponent).join('/');
  return { url: `${origin}${CACHE_PATH}/${place.cache}/${path}?sig=${sig}`, expiresAt };
}
