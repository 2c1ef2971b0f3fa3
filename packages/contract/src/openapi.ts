/** OpenAPI 3.1 of one service, from the same routes and schemas that serve it. */
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import { addExamples } from './openapi-examples.ts';
import { ROUTES } from './routes/index.ts';
import { SERVICES, type Route, type ServiceName } from './route.ts';
import { RpcStatus } from './shapes/common.ts';
import { wireTraits } from './decode.ts';

export { callsWithoutExample } from './openapi-examples.ts';

const JSON_TYPE = 'application/json';

/** The document of a service; `origin` is the server's URL. */
export function openApiDocument(service: ServiceName, origin: string, version: string): object {
  const { title, bases, scheme } = SERVICES[service];
  const paths: ZodOpenApiPathsObject = {};
  for (const [operationId, route] of Object.entries<Route>(ROUTES[service])) {
    const spellings = [[route.method, route.path] as const, ...(route.aliases ?? [])];
    spellings.forEach(([method, path], i) => {
      const id = i === 0 ? operationId : `${operationId}_Alias${i}`;
      const item = (paths[bases[0] + path] ??= {});
      item[method.toLowerCase() as 'get'] = operation(id, route, path, scheme, i > 0);
    });
  }
  const document = createDocument({
    openapi: '3.1.0',
    info: { title, version },
    servers: [{ url: origin }],
    paths,
    components: {
      securitySchemes: { [scheme]: { type: 'apiKey', in: 'header', name: 'Authorization' } },
    },
  });
  addExamples(document);
  return document;
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description:
    'Any text of your own, such as nightly-2026-02-03: the same key and body get the first reply again, for 24 hours',
  schema: { type: 'string' as const, minLength: 1, maxLength: 255 },
};

function operation(
  operationId: string,
  route: Route,
  path: string,
  scheme: string,
  deprecated: boolean,
): ZodOpenApiOperationObject {
  const pathParams = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name ?? '',
    in: 'path' as const,
    required: true,
    schema: { type: 'string' as const },
  }));
  const parameters = [...pathParams, ...(route.idempotent ? [IDEMPOTENCY_KEY] : [])];
  return {
    operationId,
    summary: route.summary,
    // How pages group calls: by the things that they are about.
    tags: [route.path.split('/')[1] ?? ''],
    ...(deprecated ? { deprecated } : {}),
    security: route.open ? [] : [{ [scheme]: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.query === undefined ? {} : { requestParams: { query: route.query as z.ZodObject } }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body) }),
    responses: {
      '200': successReply(route),
      ...(route.done
        ? {}
        : { '501': { description: 'Not available in this version', content: errorBody } }),
      default: { description: 'An error', content: errorBody },
    },
  };
}

const errorBody = { [JSON_TYPE]: { schema: RpcStatus } };

function requestBody(body: z.ZodType) {
  return {
    // Where `{}` will do, so will no body.
    required: !body.safeParse({}).success,
    content: { [JSON_TYPE]: { schema: bodySchema(body) } },
  };
}

/** With the other forms in which callers may send it. */
function bodySchema(body: z.ZodType): z.ZodType {
  const { bare, wrapper } = wireTraits.get(body) ?? {};
  if (bare !== undefined) return z.union([z.string(), body]);
  if (wrapper === undefined) return body;
  const { shape } = body as z.ZodObject;
  const inside = z.object(shape).partial().optional();
  return z.object({ ...shape, [wrapper]: inside.meta({ description: 'The same fields, in one' }) });
}

function successReply(route: Route) {
  if (route.reply === undefined) return { description: 'Success' };
  if (route.reply === 'stream') {
    return {
      description: 'A stream',
      content: { 'application/x-ndjson': { schema: { type: 'string' as const } } },
    };
  }
  return { description: 'Success', content: { [JSON_TYPE]: { schema: route.reply } } };
}
