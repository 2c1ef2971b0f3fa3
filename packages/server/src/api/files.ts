/** What signed links lead to: uploads in, results and packages out. No tokens here, and none needed. */
import { ApiError, invalid } from '@bytenite/contract';
import type { Context as HonoContext, Hono } from 'hono';
import type { Context } from '../context.ts';
import { putCacheFile } from '../engine/cache/put-cache-file.ts';
import { findPackageFile } from '../engine/components/find-package-file.ts';
import { findResultFile } from '../engine/jobs/results.ts';
import { receiveUpload } from '../engine/jobs/upload.ts';
import type { LinkPurpose } from '../links.ts';
import { fileNameOf } from './content-disposition.ts';
import type { AppEnv } from './env.ts';
import {
  CACHE_PATH,
  cacheSubject,
  PACKAGE_PATH,
  packageSubject,
  RESULT_PATH,
  resultSubject,
  UPLOAD_PATH,
  uploadSubject,
} from './file-links.ts';
import { genericResponse } from './handler.ts';
import { isMultipart, readOnlyPart } from './multipart.ts';
import { bodyOf } from './request-body.ts';
import { serveBlob } from './serve-blob.ts';
import { methodNotAllowed } from './service-routes.ts';

const UPLOAD = `${UPLOAD_PATH}/:jobNo{[0-9]+}`;
const CACHE = `${CACHE_PATH}/:cache/:path{[\\s\\S]+}`;
const RESULT = `${RESULT_PATH}/:jobNo{[0-9]+}/:run{[0-9]+}/:path{[\\s\\S]+}`;
const PACKAGE = `${PACKAGE_PATH}/:component/:revision{[0-9]+}`;

export function fileRoutes(app: Hono<AppEnv>, ctx: Context): void {
  app.put(UPLOAD, async (c) => {
    c.set('operation', 'Files_Upload');
    const jobNo = Number(c.req.param('jobNo'));
    checkSignature(c, ctx, 'upload', uploadSubject(jobNo));
    await receive(c, ctx, jobNo);
    return c.json(genericResponse({ requestId: c.get('requestId') }));
  });
  app.put(CACHE, async (c) => {
    c.set('operation', 'Files_Cache');
    const place = c.req.param();
    checkSignature(c, ctx, 'cache', cacheSubject(place));
    const { body, size } = await readFile(c, ctx);
    await putCacheFile(ctx, { ...place, body, size, signal: c.req.raw.signal });
    return c.json(genericResponse({ requestId: c.get('requestId') }));
  });
  app.get(RESULT, async (c) => {
    c.set('operation', 'Files_Result');
    const { jobNo, run, path } = c.req.param();
    const result = { jobNo: Number(jobNo), run: Number(run), path };
    checkSignature(c, ctx, 'result', resultSubject(result));
    return serveBlob(c, ctx, await findResultFile(ctx, result.jobNo, result.run, path));
  });
  app.get(PACKAGE, async (c) => {
    c.set('operation', 'Files_Package');
    const component = c.req.param('component');
    const revision = Number(c.req.param('revision'));
    checkSignature(c, ctx, 'package', packageSubject(component, revision));
    return serveBlob(c, ctx, await findPackageFile(ctx, component, revision));
  });
  for (const path of [UPLOAD, CACHE]) app.all(path, (c) => methodNotAllowed(c, ['PUT']));
  for (const path of [RESULT, PACKAGE]) app.all(path, (c) => methodNotAllowed(c, ['GET']));
}

function checkSignature(
  c: HonoContext<AppEnv>,
  ctx: Context,
  purpose: LinkPurpose,
  subject: string,
): void {
  if (ctx.links.verify(purpose, subject, c.req.query('sig') ?? '', ctx.now())) return;
  throw new ApiError('PERMISSION_DENIED', 'the link is not valid, or no longer');
}

async function receive(c: HonoContext<AppEnv>, ctx: Context, jobNo: number): Promise<void> {
  const { sourceBytes } = ctx.config.limits;
  const size = announcedSize(c);
  if (size !== null && size > sourceBytes) {
    throw invalid(`the file is larger than ${sourceBytes} bytes`);
  }
  await receiveUpload(ctx, { jobNo, ...(await readFile(c, ctx)), signal: c.req.raw.signal });
}

function announcedSize(c: HonoContext<AppEnv>): number | null {
  const announced = c.req.header('content-length');
  return announced === undefined ? null : Number(announced);
}

/** A file as callers put it: as the body, or as the one part of a form. */
async function readFile(c: HonoContext<AppEnv>, ctx: Context) {
  const sent = bodyOf(c, ctx.config.limits.idleMs);
  const contentType = c.req.header('content-type');
  const named = fileNameOf(c.req.header('content-disposition'));
  const { name, body } = isMultipart(contentType)
    ? await readOnlyPart(contentType, sent)
    : { name: named, body: sent };
  return { name: name || named, body, size: announcedSize(c) };
}
