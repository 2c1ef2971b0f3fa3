/** The whole HTTP API. Every reply passes through one place, so that all of them have the same form. */
import type { HttpBindings } from '@hono/node-server';
import { ApiError } from '@bytenite/contract';
import { Hono, type Context as HonoContext, type Next } from 'hono';
import type { Context } from '../context.ts';
import { createTelemetry, type Telemetry } from '../telemetry.ts';
import { CORS_HEADERS } from './cors.ts';
import { docsRoutes } from './docs.ts';
import type { AppEnv } from './env.ts';
import { fileRoutes } from './files.ts';
import { healthRoutes } from './health.ts';
import { newRequestId, problemOf } from './problem.ts';
import { dropRest } from './request-body.ts';
import { runnerRoutes } from './runner-routes.ts';
import { serviceRoutes } from './service-routes.ts';

export interface AppOptions {
  /** What runners show in place of a token. */
  runnerToken: string;
  telemetry?: Telemetry;
  /** For a server that answers nobody else. */
  healthOnly?: boolean;
}

export const RUNNER_BASE = '/v1/runner';

export function createApp(ctx: Context, options: AppOptions): Hono<AppEnv> {
  const telemetry = options.telemetry ?? createTelemetry(ctx);
  const app = new Hono<AppEnv>({ strict: false });
  app.use((c, next) => finishReply(c, next, ctx, telemetry));
  app.onError((error, c) => replyWithError(c, ctx, error));
  app.notFound((c) => replyWithError(c, ctx, new ApiError('NOT_FOUND', 'route not found')));
  healthRoutes(app, ctx, telemetry);
  if (options.healthOnly === true) return app;
  fileRoutes(app, ctx);
  docsRoutes(app, ctx);
  serviceRoutes(app, ctx);
  app.route(RUNNER_BASE, runnerRoutes(ctx, options.runnerToken));
  return app;
}

async function finishReply(
  c: HonoContext<AppEnv>,
  next: Next,
  ctx: Context,
  telemetry: Telemetry,
): Promise<void> {
  const startedAt = performance.now();
  c.set('requestId', newRequestId());
  if (c.req.method === 'OPTIONS') c.res = new Response(null, { status: 200 });
  else await next();
  for (const [name, value] of Object.entries(CORS_HEADERS)) c.res.headers.set(name, value);
  c.res.headers.set('x-request-id', c.get('requestId'));
  const operation = c.get('operation') ?? (c.req.path.startsWith(RUNNER_BASE) ? 'Runner' : 'None');
  const ms = performance.now() - startedAt;
  telemetry.httpRequest({ operation, status: c.res.status, seconds: ms / 1000 });
  logRequest(c, ctx, operation, ms);
}

/** One line a request. Not its query: a link's signature is in there. */
function logRequest(c: HonoContext<AppEnv>, ctx: Context, operation: string, ms: number): void {
  if (!ctx.logger.isLevelEnabled('debug')) return;
  const fields = {
    requestId: c.get('requestId'),
    method: c.req.method,
    route: operation,
    path: c.req.path,
    status: c.res.status,
    ms: Math.round(ms * 10) / 10,
    account: c.get('account'),
  };
  ctx.logger.debug(fields, 'request');
}

async function replyWithError(
  c: HonoContext<AppEnv>,
  ctx: Context,
  error: unknown,
): Promise<Response> {
  const requestId = c.get('requestId');
  const shown = isGone(c) ? new ApiError('CANCELLED', 'the caller went away') : error;
  const { status, body, headers } = problemOf(shown, requestId);
  if (status >= 500)
    logFailure(ctx, { err: error, requestId, operation: c.get('operation') }, status);
  // Nothing came from this caller for a while: there is nothing to wait for.
  if (!isGone(c) && status !== 504) await dropRest(c);
  return c.json(body, status as 500, headers);
}

/** Of what is ours to put right, everything; of what passes by itself or was never built, that it happened. */
function logFailure(ctx: Context, fields: object, status: number): void {
  if (status === 500) ctx.logger.error(fields, 'request failed');
  else if (status === 503 || status === 504) ctx.logger.warn(fields, 'request not served');
}

/** Whatever failed after the caller closed the connection failed because of that. */
function isGone(c: HonoContext<AppEnv>): boolean {
  const bindings = c.env as Partial<HttpBindings> | undefined;
  return bindings?.incoming !== undefined && c.req.raw.signal.aborted;
}
