/** Serves every call of the contract from its route: token, parameters, body, reply. */
import {
  ApiError,
  decodeQuery,
  decodeText,
  Empty,
  invalid,
  notBuilt,
  stringifyWire,
  type Decoded,
  type Route,
} from '@bytenite/contract';
import type { Context as HonoContext, Hono } from 'hono';
import type { Context } from '../context.ts';
import { authenticate } from '../engine/auth/authenticate.ts';
import { findReply } from '../engine/once.ts';
import { credentialOf } from './credentials.ts';
import type { AppEnv } from './env.ts';
import type { Call, Handler } from './handler.ts';
import { HANDLERS } from './handlers/index.ts';
import { onceKeyOf } from './once-key.ts';
import { originOf } from './origin.ts';
import { readText } from './request-body.ts';
import { routeTable, type Operation } from './route-table.ts';

/** Base64 is a third longer than its bytes; the rest is for what stands around it. */
const PACKAGE_OVERHEAD = 4 / 3;
const PACKAGE_EXTRA_BYTES = 1024 * 1024;

/** Replies hold tokens and private data: no cache on the way keeps them. */
const REPLY_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

export function serviceRoutes(app: Hono<AppEnv>, ctx: Context): void {
  for (const { path, operations } of routeTable()) {
    for (const [method, operation] of operations) {
      app.on(method, path, (c) => serve(c, ctx, operation));
    }
    app.all(path, (c) => methodNotAllowed(c, [...operations.keys()]));
  }
}

/** Replies to a method that a path does not have. */
export function methodNotAllowed(c: HonoContext<AppEnv>, methods: readonly string[]): never {
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
  c.header('allow', allowed.join(', '));
  throw new ApiError('METHOD_NOT_ALLOWED', `method ${c.req.method} is not allowed here`);
}

async function serve(
  c: HonoContext<AppEnv>,
  ctx: Context,
  operation: Operation,
): Promise<Response> {
  const { id, service, route } = operation;
  c.set('operation', id);
  const account =
    route.open === true ? null : await authenticate(ctx, credentialOf(c.req.raw.headers));
  if (account !== null) c.set('account', account.id);
  const handler = (HANDLERS[service] as Record<string, Handler<Route> | undefined>)[id];
  if (!route.done || handler === undefined) throw refusalOf(id, route);
  const params = c.req.param();
  const query = readQuery(c, route);
  const { text, body } = await readBody(c, ctx, route);
  const { headers } = c.req.raw;
  const call = {
    ctx,
    account,
    requestId: c.get('requestId'),
    onceKey: onceKeyOf(operation, { headers, account, params, body: text }),
    origin: originOf(c, ctx.config),
    params,
    query,
    body,
    request: c.req.raw,
  } as unknown as Call<Route>;
  const reply = await replyTo(call, handler);
  return reply instanceof Response ? reply : c.body(reply, 200, REPLY_HEADERS);
}

/** A call that was made before with the same Idempotency-Key gets the reply that it got then. */
async function replyTo(call: Call<Route>, handler: Handler<Route>): Promise<string | Response> {
  const { ctx, onceKey } = call;
  const earlier = onceKey && (await findReply(ctx, onceKey));
  if (earlier !== null) return earlier;
  try {
    const reply: unknown = await handler(call);
    if (reply instanceof Response) return reply;
    // As it was stored: written again, its links would be signed for another moment.
    const stored = onceKey && (await findReply(ctx, onceKey));
    return stored ?? stringifyWire(reply);
  } catch (error) {
    // Its twin was quicker, or had its effect before this one looked: to this call both are the same.
    const repeated = onceKey && (await findReply(ctx, onceKey));
    if (repeated === null) throw error;
    return repeated;
  }
}

function refusalOf(id: string, route: Route): ApiError {
  return route.refusal === undefined ? notBuilt(id) : new ApiError('UNIMPLEMENTED', route.refusal);
}

function readQuery(c: HonoContext<AppEnv>, route: Route): unknown {
  if (route.query === undefined) return undefined;
  return valueOf(decodeQuery(route.query, new URL(c.req.url).searchParams));
}

/** Calls without a body of their own still refuse one that is no JSON. */
async function readBody(
  c: HonoContext<AppEnv>,
  ctx: Context,
  route: Route,
): Promise<{ text: string; body: unknown }> {
  if (route.method === 'GET' || route.method === 'DELETE') return { text: '', body: undefined };
  const text = await readText(c, {
    bytes: bodyLimitOf(ctx, route),
    idleMs: ctx.config.limits.idleMs,
  });
  const body = valueOf(decodeText(route.body ?? Empty, text));
  return { text, body: route.body === undefined ? undefined : body };
}

function bodyLimitOf(ctx: Context, route: Route): number {
  const { bodyBytes, packageBytes } = ctx.config.limits;
  return route.bodyLimit === 'package'
    ? Math.ceil(packageBytes * PACKAGE_OVERHEAD) + PACKAGE_EXTRA_BYTES
    : bodyBytes;
}

function valueOf<T>(decoded: Decoded<T>): T {
  if (decoded.ok) return decoded.value;
  throw invalid(decoded.message, decoded.violations);
}
