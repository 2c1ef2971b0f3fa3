/** Serves a stored file to whoever holds a link: never as a page of this origin. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { ApiError, notFound } from '@bytenite/contract';
import type { Context as HonoContext } from 'hono';
import { BlobNotFound } from '../blob/blob-store.ts';
import type { Context } from '../context.ts';
import { parseRange } from './byte-range.ts';
import { attachment } from './content-disposition.ts';
import type { AppEnv } from './env.ts';
import { problemOf } from './problem.ts';

export interface BlobFile {
  key: string;
  offset: number;
  length: number;
  /** What it is saved as. */
  name: string;
}

export async function serveBlob(
  c: HonoContext<AppEnv>,
  ctx: Context,
  file: BlobFile,
): Promise<Response> {
  const etag = etagOf(file);
  const ifRange = c.req.header('if-range');
  const wanted =
    ifRange === undefined || ifRange === etag
      ? parseRange(c.req.header('range'), file.length)
      : null;
  if (wanted === 'unsatisfiable') return unsatisfiable(c, file);
  const { start, length } = wanted ?? { start: 0, length: file.length };
  const headers = {
    ...FILE_HEADERS,
    etag,
    'content-length': String(length),
    'content-disposition': attachment(file.name),
    ...(wanted && { 'content-range': `bytes ${start}-${start + length - 1}/${file.length}` }),
  };
  const status = wanted === null ? 200 : 206;
  if (c.req.method === 'HEAD') return new Response(null, { status, headers });
  const stream = await openBlob(c, ctx, { ...file, offset: file.offset + start, length });
  // A reader that takes nothing for this long has gone; the server's own clock for the connection says so.
  c.env.incoming?.socket.setTimeout(ctx.config.limits.idleMs);
  return new Response(Readable.toWeb(stream) as ReadableStream, { status, headers });
}

const FILE_HEADERS = {
  'content-type': 'application/octet-stream',
  'accept-ranges': 'bytes',
  'cache-control': 'private',
  'x-content-type-options': 'nosniff',
  'content-security-policy': 'sandbox',
};

async function openBlob(
  c: HonoContext<AppEnv>,
  ctx: Context,
  { key, offset, length }: BlobFile,
): Promise<Readable> {
  try {
    return await ctx.blobs.stream(key, { offset, length }, c.req.raw.signal);
  } catch (error) {
    if (error instanceof BlobNotFound) throw notFound('file');
    throw error;
  }
}

/** Objects never change, so their place names their content. */
function etagOf({ key, offset, length }: BlobFile): string {
  const hash = createHash('sha256').update(JSON.stringify([key, offset, length]));
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}

/** 416 lies outside the contract's table, but clients that resume a download know no other answer. */
function unsatisfiable(c: HonoContext<AppEnv>, file: BlobFile): Response {
  const error = new ApiError('OUT_OF_RANGE', `the file has ${file.length} bytes`);
  const { body } = problemOf(error, c.get('requestId'));
  c.header('content-range', `bytes */${file.length}`);
  return c.json(
    { ...body, error: { ...body.error, code: 416, message: 'Range Not Satisfiable' } },
    416,
  );
}
