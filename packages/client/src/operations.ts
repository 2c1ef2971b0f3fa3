/** Calls by operation id, typed and addressed by the contract's routes. */
import {
  ROUTES,
  SERVICES,
  type PathParams,
  type Route,
  type RouteReply,
  type ServiceName,
} from '@bytenite/contract';
import type { z } from 'zod';

type AllRoutes = (typeof ROUTES)['auth'] &
  (typeof ROUTES)['customer'] &
  (typeof ROUTES)['dev'] &
  (typeof ROUTES)['wallet'];

/** Operations that reply with one JSON message; the rest stream or are not built yet. */
export type CallId = {
  [Id in keyof AllRoutes]: AllRoutes[Id] extends { reply: z.ZodType } ? Id : never;
}[keyof AllRoutes];

type RouteOf<Id extends CallId> = AllRoutes[Id] extends infer R extends Route ? R : never;

/** Goes where every field may be left out. */
type NoFields = Record<string, never>;

type Params<P extends string> = keyof PathParams<P> extends never
  ? object
  : { params: PathParams<P> };
type Query<R> = R extends { query: infer Q extends z.ZodType } ? { query?: z.output<Q> } : object;
type Body<R> = R extends { body: infer B extends z.ZodType }
  ? NoFields extends z.output<B>
    ? { body?: z.output<B> }
    : { body: z.output<B> }
  : object;

/** What a call is given: path parameters, query and body, each only where its route has it. */
export type CallInput<Id extends CallId> = Params<RouteOf<Id>['path']> &
  Query<RouteOf<Id>> &
  Body<RouteOf<Id>>;

export type CallReply<Id extends CallId> = RouteReply<RouteOf<Id>>;

/** An operation with the path that documents name. */
export interface Operation {
  id: string;
  route: Route;
  path: string;
}

const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  (Object.keys(ROUTES) as ServiceName[]).flatMap((service) =>
    Object.entries<Route>(ROUTES[service]).map(([id, route]) => [
      id,
      { id, route, path: SERVICES[service].bases[0] + route.path },
    ]),
  ),
);

export function findOperation(id: string): Operation {
  const operation = OPERATIONS.get(id);
  if (operation === undefined) throw new RangeError(`no such operation: ${id}`);
  return operation;
}

/** The path of a call with its parameters filled in and its query appended. */
export function buildPath(
  operation: Operation,
  params: Readonly<Record<string, string>>,
  query: object,
): string {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value)); // a list becomes a comma list
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}
