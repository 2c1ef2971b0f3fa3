/** Every path of the contract with the calls that it serves, the most specific path first. */
import {
  ROUTES,
  SERVICES,
  type HttpMethod,
  type Route,
  type ServiceName,
} from '@bytenite/contract';

export interface Operation {
  id: string;
  service: ServiceName;
  route: Route;
}

export interface TablePath {
  /** With `:name` for parameters. */
  path: string;
  operations: ReadonlyMap<HttpMethod, Operation>;
}

/**
 * A fixed word beats a parameter in the same place: `/jobs/filter` is never a job named `filter`, also
 * for methods that `/jobs/filter` does not have.
 */
export function routeTable(): TablePath[] {
  const paths = new Map<string, Map<HttpMethod, Operation>>();
  for (const service of Object.keys(ROUTES) as ServiceName[]) {
    for (const [id, route] of Object.entries<Route>(ROUTES[service])) {
      for (const [method, path] of spellingsOf(service, route)) {
        const operations = paths.get(path) ?? new Map<HttpMethod, Operation>();
        paths.set(path, operations);
        operations.set(method, { id, service, route });
      }
    }
  }
  return [...paths]
    .map(([path, operations]) => ({ path, operations }))
    .sort((a, b) => (specificity(a.path) < specificity(b.path) ? -1 : 1));
}

/** Method and path of a route below each base, aliases included. */
export function spellingsOf(service: ServiceName, route: Route): [HttpMethod, string][] {
  const spellings: (readonly [HttpMethod, string])[] = [
    [route.method, route.path],
    ...(route.aliases ?? []),
  ];
  return SERVICES[service].bases.flatMap((base) =>
    spellings.map(([method, path]): [HttpMethod, string] => [
      method,
      base + path.replaceAll(/\{(\w+)\}/g, ':$1'),
    ]),
  );
}

function specificity(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '1' : '0'))
    .join('');
}
