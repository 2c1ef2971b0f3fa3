/** The documents of each service: OpenAPI, and a page to read and try its calls. */
import { notFound, SERVICES, VERSION, type ServiceName } from '@bytenite/contract';
import type { Hono } from 'hono';
import { LRUCache } from 'lru-cache';
import type { Context } from '../context.ts';
import type { AppEnv } from './env.ts';
import { readDocsAsset } from './docs-assets.ts';
import { originOf } from './origin.ts';
import { methodNotAllowed } from './service-routes.ts';

/** Documents differ by origin, and callers choose the Host header: only so many are kept. */
const KEPT_DOCUMENTS = 32;

/** Our own files only; Swagger UI sets styles on elements and draws its icons from data: URLs. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

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
      app.get(`${base}/docs/assets/:name`, async (c) => {
        c.set('operation', 'Docs');
        const asset = await readDocsAsset(c.req.param('name'));
        if (asset === undefined) throw notFound('file');
        c.header('cache-control', 'public, max-age=3600');
        return c.body(asset.text, 200, { 'content-type': asset.type });
      });
      for (const path of ['swagger.json', 'assets/:name', '']) {
        app.all(`${base}/docs/${path}`.replace(/\/$/, ''), (c) => methodNotAllowed(c, ['GET']));
      }
    }
  }
}

/** Loaded at the first request: a server that nobody asks does not pay for it. */
async function openApiText(service: ServiceName, origin: string): Promise<string> {
  const { openApiDocument } = await import('@bytenite/contract/openapi');
  return JSON.stringify(openApiDocument(service, origin, VERSION.tag));
}

/** Swagger UI, told where the description is; nothing comes from another host. */
function page(service: ServiceName, base: string): string {
  const assets = `${base}/docs/assets`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${SERVICES[service].title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets}/swagger-ui.css">
</head>
<body>
<div id="page" data-description="${base}/docs/swagger.json"></div>
<noscript>This page needs JavaScript; the description itself is <a href="${base}/docs/swagger.json">swagger.json</a>.</noscript>
<script src="${assets}/swagger-ui-bundle.js"></script>
<script src="${assets}/start.js"></script>
</body>
</html>
`;
}
