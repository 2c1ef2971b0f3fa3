/** Calls by operation id, typed and addressed by the contract's routes. */
import {
  type RawJson,
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
/** What a caller may write where the contract keeps the user's data as text: an object will do as well. */
export type Writable<T> = unknown extends T
  ? T
  : T extends RawJson
    ? RawJson | Readonly<Record<string, unknown>>
    : T extends readonly (infer Item)[]
      ? readonly Writable<Item>[]
      : T extends object
        ? { [K in keyof T]: Writable<T[K]> }
        : T;

type Query<R> = R extends { query: infer Q extends z.ZodType } ? { query?: z.output<Q> } : object;
type Body<R> = R extends { body: infer B extends z.ZodType }
  ? NoFields extends z.output<B>
    ? { body?: Writable<z.output<B>> }
    : { body: Writable<z.output<B>> }
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

/** Calls by POST that only read, or leave things as another such call would find them. */
const REPEATABLE_POSTS: ReadonlySet<string> = new Set([
  'Auth_AccessToken',
  'Auth_RevokeApiKey',
  'Auth_RevokeUserApiKey',
  'Customer_FilterJobs',
  'Customer_Logs',
  'Customer_RunningTasks',
  'Customer_TestDataSource',
  'Developer_ActivateApp',
  'Developer_DeactivateApp',
  'Developer_ActivateEngine',
  'Developer_DeactivateEngine',
  'Developer_PublishApp',
  'Developer_UnpublishApp',
  'Developer_PublishEngine',
  'Developer_UnpublishEngine',
  'Developer_PublishTemplate',
  'Developer_UnpublishTemplate',
  'Developer_PushTemplate',
  'Wallet_FilterTransactions',
] satisfies (keyof AllRoutes)[]);

/** Whether doing it twice is as good as doing it once. Every PATCH of the contract sets values. */
export function isRepeatable({ id, route }: Operation): boolean {
  return route.method !== 'POST' || REPEATABLE_POSTS.has(id);
}

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
