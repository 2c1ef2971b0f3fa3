/** Every method and path at which the contract's operations answer, from the routes themselves. */
import { ROUTES, SERVICES } from '../../packages/contract/src/index.ts';
import type { HttpMethod, Route, ServiceName } from '../../packages/contract/src/index.ts';

export interface Endpoint {
  id: string;
  method: HttpMethod;
  /** Below the origin, with `{name}` for parameters. */
  path: string;
  route: Route;
  /** Methods that the path does not have. */
  otherMethods: HttpMethod[];
}

const METHODS: readonly HttpMethod[] = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];

export function endpoints(): Endpoint[] {
  const all = (Object.keys(ROUTES) as ServiceName[]).flatMap((service) =>
    Object.entries<Route>(ROUTES[service]).flatMap(([id, route]) =>
      SERVICES[service].bases.flatMap((base) =>
        spellingsOf(route).map(([method, path]) => ({ id, method, path: base + path, route })),
      ),
    ),
  );
  return all.map((endpoint) => {
    const taken = new Set(
      all.flatMap((other) => (samePath(other.path, endpoint.path) ? [other.method] : [])),
    );
    return { ...endpoint, otherMethods: METHODS.filter((method) => !taken.has(method)) };
  });
}

function spellingsOf(route: Route): (readonly [HttpMethod, string])[] {
  return [[route.method, route.path], ...(route.aliases ?? [])];
}

/** Parameters are the same whatever they are called. */
function samePath(a: string, b: string): boolean {
  const bare = (path: string) => path.replaceAll(/\{\w+\}/g, '{}');
  return bare(a) === bare(b);
}

export function fillPath(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? 'x'),
  );
}

/** The fields of an operation's body, in camelCase. */
export function bodyFields(route: Route): string[] {
  return route.body === undefined
    ? []
    : Object.keys((route.body as { shape?: object }).shape ?? {});
}
