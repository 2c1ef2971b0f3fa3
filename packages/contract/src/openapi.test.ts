import { describe, expect, it } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { ROUTES } from './routes/index.ts';
import { SERVICES, type Route, type ServiceName } from './route.ts';

interface Document {
  info: { title: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, { operationId: string; parameters?: { name: string }[] }>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

const services = Object.keys(SERVICES) as ServiceName[];

it('names every call once: no two have the same method and path, or the same id', () => {
  const places: string[] = [];
  const ids: string[] = [];
  for (const service of services) {
    for (const [id, route] of Object.entries<Route>(ROUTES[service])) {
      ids.push(id);
      const shape = (path: string) => path.replaceAll(/\{\w+\}/g, '{}');
      places.push(`${service} ${route.method} ${shape(route.path)}`);
      for (const [method, path] of route.aliases ?? []) {
        places.push(`${service} ${method} ${shape(path)}`);
      }
    }
  }
  expect(places).toEqual([...new Set(places)]);
  expect(ids).toEqual([...new Set(ids)]);
});

describe.each(services)('the description of %s', (service) => {
  const document = openApiDocument(service, 'https://api.example.org', '1.2.3') as Document;
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.values(item).map((operation) => ({ path, ...operation })),
  );

  it('has every call, with ids of its own for other spellings', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids).toEqual(expect.arrayContaining(Object.keys(ROUTES[service])));
  });

  it('declares the parameters of every path', () => {
    for (const { path, parameters = [] } of operations) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    }
  });

  it('refers to nothing that it does not hold', () => {
    const text = JSON.stringify(document);
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(document.components.schemas).toHaveProperty([name]);
    }
  });

  it('names the service, its origin and the header with the token', () => {
    expect(document).toMatchObject({
      info: { title: SERVICES[service].title },
      servers: [{ url: 'https://api.example.org' }],
      components: {
        schemas: { rpcStatus: expect.any(Object), protobufAny: expect.any(Object) },
        securitySchemes: {
          [SERVICES[service].scheme]: { type: 'apiKey', in: 'header', name: 'Authorization' },
        },
      },
    });
  });
});
