import type { z } from 'zod';

export type HttpMethod = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** The four services and where they answer; the first base is the one that documents name. */
export const SERVICES = {
  auth: { title: 'ByteNite auth API', bases: ['/v1/auth'], scheme: 'BearerAuth' },
  customer: {
    title: 'ByteNite jobs API',
    bases: ['/v1/computing', '/v1/customer'],
    scheme: 'ApiKeyAuth',
  },
  dev: { title: 'ByteNite developers API', bases: ['/v1/dev'], scheme: 'ApiKeyAuth' },
  wallet: { title: 'ByteNite wallet API', bases: ['/v1/wallet'], scheme: 'ApiKeyAuth' },
} as const;
export type ServiceName = keyof typeof SERVICES;

/** One call of the contract. Paths are below the service's base, parameters in braces. */
export interface Route {
  method: HttpMethod;
  path: string;
  summary: string;
  /** False: the call is in the contract and answers 501 in this version. */
  done: boolean;
  /** What the 501 says, where the call is refused for another reason than that it is not built yet. */
  refusal?: string;
  /** True: no token needed. */
  open?: boolean;
  /** Other method and path pairs with the same meaning, from earlier clients. */
  aliases?: readonly (readonly [HttpMethod, string])[];
  query?: z.ZodType;
  body?: z.ZodType;
  /** Largest body in bytes where it is not the default. */
  bodyLimit?: 'package';
  /** True: with an Idempotency-Key it has its effect once. */
  idempotent?: true;
  /** What a success carries; absent for calls that are not done. `stream` writes its own reply. */
  reply?: z.ZodType | 'stream';
}

export type Routes = Record<string, Route>;

/** Keeps each route's own type, so that handlers are typed by it. */
export function defineRoutes<const T extends Routes>(routes: T): T {
  return routes;
}

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

export type PathParams<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name | keyof PathParams<Rest>]: string }
  : object;

/** What a handler of a route is given. */
export interface RouteInput<R extends Route> {
  params: PathParams<R['path']>;
  query: Output<R['query']>;
  body: Output<R['body']>;
}

/** What a handler of a route returns. */
export type RouteReply<R extends Route> = R['reply'] extends z.ZodType
  ? z.output<R['reply']>
  : undefined;
