/** The runners' side of the API, below /v1/runner, with the installation's own token or one that was made for them. */
import { Readable } from 'node:stream';
import {
  ApiError,
  CACHE_SCOPES,
  CacheListing,
  decodeMessage,
  encodeMessage,
  ExchangeRequest,
  HeartbeatRequest,
  invalid,
  MESSAGE_LIMIT,
  notFound,
  RunnerRegistration,
} from '@bytenite/contract';
import { Hono, type Context as Call } from 'hono';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { followCache } from '../engine/cache/follow-cache.ts';
import { saveListing } from '../engine/cache/save-listing.ts';
import { exchange } from '../engine/exchange/exchange.ts';
import { heartbeat } from '../engine/exchange/heartbeat.ts';
import {
  findPackage,
  leaseOf,
  openInput,
  requireLeaseOf,
  storeResult,
} from '../engine/exchange/lease-data.ts';
import { registerRunner } from '../engine/exchange/register.ts';
import {
  authenticateRunner,
  OWN_TOKEN,
  type RunnerTokenHolder,
} from '../engine/runners/runner-token.ts';
import type { Runner } from '../engine/runners.ts';
import type { AppEnv } from './env.ts';
import { bodyOf } from './request-body.ts';

/** A JSON call of a runner is small; an exchange has a limit of its own. */
const JSON_LIMIT = 1024 * 1024;

const Sender = ExchangeRequest.pick({ runnerId: true, incarnation: true });

export function runnerRoutes(ctx: Context, ownToken: string): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const { idleMs } = ctx.config.limits;
  app.use(async (c, next) => {
    const token = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    c.set('runnerToken', await authenticateRunner(ctx, token, ownToken));
    await next();
  });
  app.post('/register', async (c) => {
    const registration = parse(RunnerRegistration, await readJson(c, idleMs));
    return c.json(await registerRunner(ctx, registration, c.get('runnerToken')));
  });
  app.post('/heartbeat', async (c) => {
    const request = parse(HeartbeatRequest, await readJson(c, idleMs));
    const runner = registered(ctx, request, c.get('runnerToken'));
    return c.json(await heartbeat(ctx, runner, request));
  });
  app.post('/exchange', async (c) => {
    const { header, tail } = decodeMessage(await readBytes(c, MESSAGE_LIMIT, idleMs));
    // A message may be large, and after a restart comes from runners that are not known: that is looked at first.
    const runner = registered(ctx, parse(Sender, header), c.get('runnerToken'));
    const request = parse(ExchangeRequest, header);
    const result = await exchange(ctx, runner, request, tail, c.req.raw.signal);
    return c.body(encodeMessage(result.reply, result.tail) as Uint8Array<ArrayBuffer>, 200, {
      'content-type': 'application/octet-stream',
    });
  });
  // The id of a lease is random and known to its runner only; a token opens none of another's all the same.
  app.use('/leases/:lease/*', async (c, next) => {
    const token = c.get('runnerToken');
    if (token !== OWN_TOKEN) await requireLeaseOf(ctx, token, c.req.param('lease'));
    await next();
  });
  app.get('/leases/:lease/input', async (c) => {
    const stream = await openInput(ctx, c.req.param('lease'), c.req.raw.signal);
    return c.body(Readable.toWeb(Readable.from(stream)) as ReadableStream);
  });
  app.put('/leases/:lease/result', async (c) => {
    const result = { body: bodyOf(c, idleMs), atLeast: Number(c.req.query('bytes') ?? 0) };
    return c.json(await storeResult(ctx, c.req.param('lease'), result, c.req.raw.signal));
  });
  app.get('/leases/:lease/caches/:scope', async (c) => {
    const lease = await leaseOf(ctx, c.req.param('lease'));
    const scope = CACHE_SCOPES.find((known) => known === c.req.param('scope'));
    if (scope === undefined) throw notFound('cache');
    const wanted = { scope, have: c.req.query('have') ?? '' };
    const stream = await followCache(ctx, lease, wanted, c.req.raw.signal);
    return c.body(Readable.toWeb(Readable.from(stream)) as ReadableStream);
  });
  app.put('/cache-listing', async (c) => {
    const listing = parse(CacheListing, await readJson(c, idleMs));
    await saveListing(ctx, registered(ctx, listing, c.get('runnerToken')), listing);
    return c.json({});
  });
  app.get('/packages/:hash', async (c) => {
    const { key } = await findPackage(ctx, c.req.param('hash'));
    const stream = await ctx.blobs.stream(key, undefined, c.req.raw.signal);
    return c.body(Readable.toWeb(stream) as ReadableStream);
  });
  return app;
}

/**
 * A server that restarted knows no runner, and one that was silent for a lease counts as stopped: they
 * register (again), which looks once more whether they may take part, and keep what leases they have.
 */
function registered(
  ctx: Context,
  request: z.infer<typeof Sender>,
  token: RunnerTokenHolder,
): Runner {
  const runner = ctx.runners.find(request.runnerId, request.incarnation);
  const isKnown = runner !== undefined && runner.token === token.id;
  if (!isKnown || ctx.runners.isSilent(runner, ctx.now()))
    throw new ApiError('UNAUTHENTICATED', 'unknown runner: register first');
  return runner;
}

function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(result.error.message);
  return result.data;
}

async function readJson(c: Call<AppEnv>, idleMs: number): Promise<unknown> {
  return JSON.parse(Buffer.from(await readBytes(c, JSON_LIMIT, idleMs)).toString());
}

async function readBytes(c: Call<AppEnv>, limit: number, idleMs: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bodyOf(c, idleMs)) {
    size += part.byteLength;
    if (size > limit) throw invalid(`message is larger than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
