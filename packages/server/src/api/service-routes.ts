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
import { credentialOf } from './credentials.ts';
import type { AppEnv } from './env.ts';
import type { Call, Handler } from './handler.ts';
import { HANDLERS } from './handlers/index.ts';
import { originOf } from './origin.ts';
import { readText } from './request-body.ts';
import { routeTable, type Operation } from './route-table.ts';

/** Base64 is a third longer than its bytes; the rest is for what stands around it. */
const PACKAGE_OVERHEAD = 4 / 3;
const PACKAGE_EXTRA_BYTES = 1024 * 1024;

/** Calls that an idempotency key would be for; until keys are kept, one is refused. */
const IDEMPOTENT_OPERATIONS = new Set(['Customer_CreateJob', 'Customer_RunJob']);

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
  { id, service, route }: Operation,
): Promise<Response> {
  c.set('operation', id);
  const account =
    route.open === true ? null : await authenticate(ctx, credentialOf(c.req.raw.headers));
  if (account !== null) c.set('account', account.id);
  const handler = (HANDLERS[service] as Record<string, Handler<Route> | undefined>)[id];
  if (!route.done || handler === undefined) throw refusalOf(id, route);
  if (IDEMPOTENT_OPERATIONS.has(id) && c.req.header('idempotency-key') !== undefined) {
    throw notBuilt('Idempotency-Key');
  }
  const call = {
    ctx,
    account,
    requestId: c.get('requestId'),
    origin: originOf(c, ctx.config),
    params: c.req.param(),
    query: readQuery(c, route),
    body: await readBody(c, ctx, route),
    request: c.req.raw,
  } as unknown as Call<Route>;
  const reply: unknown = await handler(call);
  if (reply instanceof Response) return reply;
  return c.body(stringifyWire(reply), 200, REPLY_HEADERS);
}

function refusalOf(id: string, route: Route): ApiError {
  return route.refusal === undefined ? notBuilt(id) : new ApiError('UNIMPLEMENTED', route.refusal);
}

function readQuery(c: HonoContext<AppEnv>, route: Route): unknown {
  if (route.query === undefined) return undefined;
  return valueOf(decodeQuery(route.query, new URL(c.req.url).searchParams));
}

/** Calls without a body of their own still refuse one that is no JSON. */
async function readBody(c: HonoContext<AppEnv>, ctx: Context, route: Route): Promise<unknown> {
  if (route.method === 'GET' || route.method === 'DELETE') return undefined;
  const text = await readText(c, {
    bytes: bodyLimitOf(ctx, route),
    idleMs: ctx.config.limits.idleMs,
  });
  const body = valueOf(decodeText(route.body ?? Empty, text));
  return route.body === undefined ? undefined : body;
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
