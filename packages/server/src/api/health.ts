/** For operators and their tools: is it alive, can it work, what has it done. */
import type { Hono } from 'hono';
import type { Context } from '../context.ts';
import { createReadinessProbe } from '../engine/check-readiness.ts';
import type { Telemetry } from '../telemetry.ts';
import type { AppEnv } from './env.ts';
import { methodNotAllowed } from './service-routes.ts';

export function healthRoutes(app: Hono<AppEnv>, ctx: Context, telemetry: Telemetry): void {
  const readiness = createReadinessProbe(ctx);
  app.get('/healthz', (c) => {
    c.set('operation', 'Health');
    return c.json({ status: 'ok' });
  });
  app.get('/readyz', async (c) => {
    c.set('operation', 'Health');
    await readiness.check();
    await ctx.disk.refresh();
    return c.json({ status: 'ready', disk: presentDisk(ctx) });
  });
  app.get('/metrics', async (c) => {
    c.set('operation', 'Health');
    const { contentType, text } = await telemetry.metrics();
    return c.body(text, 200, { 'content-type': contentType });
  });
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    app.all(path, (c) => methodNotAllowed(c, ['GET']));
  }
}

/** An almost full disk leaves the server ready: downloads and deletions, which make room, go on. */
function presentDisk({ disk }: Context) {
  return { low: disk.isLow(), freeBytes: disk.freeBytes(), limitBytes: disk.limitBytes() };
}
