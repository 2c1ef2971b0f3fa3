/** The documents of each service: OpenAPI, and a page that lists the calls. */
import { ROUTES, SERVICES, VERSION, type Route, type ServiceName } from '@bytenite/contract';
import type { Hono } from 'hono';
import { LRUCache } from 'lru-cache';
import type { Context } from '../context.ts';
import type { AppEnv } from './env.ts';
import { originOf } from './origin.ts';
import { methodNotAllowed } from './service-routes.ts';

/** Documents differ by origin, and callers choose the Host header: only so many are kept. */
const KEPT_DOCUMENTS = 32;

const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'";

export function docsRoutes(app: Hono<AppEnv>, ctx: Context): void {
  const documents = new LRUCache<string, string>({ max: KEPT_DOCUMENTS });
  for (const service of Object.keys(SERVICES) as ServiceName[]) {
    for (const base of SERVICES[service].bases) {
      app.get(`${base}/docs/swagger.json`, async (c) => {
        c.set('operation', 'Docs');
        const origin = originOf(c, ctx.config);
        const key = `${service} ${origin}`;
        const document = documents.get(key) ?? (await openApiText(service, origin));
        documents.set(key, document);
        return c.body(document, 200, { 'content-type': 'application/json' });
      });
      app.get(`${base}/docs`, (c) => {
        c.set('operation', 'Docs');
        c.header('content-security-policy', PAGE_POLICY);
        return c.html(page(service, base));
      });
      for (const path of [`${base}/docs/swagger.json`, `${base}/docs`]) {
        app.all(path, (c) => methodNotAllowed(c, ['GET']));
      }
    }
  }
}

/** Loaded at the first request: a server that nobody asks does not pay for it. */
async function openApiText(service: ServiceName, origin: string): Promise<string> {
  const { openApiDocument } = await import('@bytenite/contract/openapi');
  return JSON.stringify(openApiDocument(service, origin, VERSION.tag));
}

function page(service: ServiceName, base: string): string {
  const { title } = SERVICES[service];
  const rows = Object.entries<Route>(ROUTES[service]).map(([id, route]) => {
    const state = route.done ? '' : 'not in this version';
    return `<tr><td><code>${route.method}</code><td><code>${base}${route.path}</code><td>${escape(route.summary)}<td><code>${id}</code><td>${state}`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color-scheme: light dark; }
  table { border-collapse: collapse; width: 100%; }
  td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
</style>
<h1>${title}</h1>
<p>Version ${VERSION.tag}. The whole description is <a href="${base}/docs/swagger.json">swagger.json</a> (OpenAPI 3.1).
<table>
<tr><th>Method<th>Path<th>Meaning<th>Operation<th>
${rows.join('\n')}
</table>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
