/** What a handler is given and gives back, derived from the route it serves. */
import {
  stringifyWire,
  type GenericResponse,
  type Route,
  type RouteInput,
  type RouteReply,
  type ROUTES,
  type ServiceName,
} from '@bytenite/contract';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { Caller } from '../engine/auth/account.ts';
import type { Once, OnceKey } from '../engine/once.ts';

export interface Call<R extends Route> extends RouteInput<R> {
  ctx: Context;
  /** Who asks; null only where the call needs no token. */
  account: R extends { open: true } ? null : Caller;
  requestId: string;
  /** Where the call has an Idempotency-Key. */
  onceKey: OnceKey | null;
  /** Scheme and host that absolute links begin with. */
  origin: string;
  request: Request;
}

/** A route that streams writes its own reply, and so does a handler whose reply can be too large for one piece. */
type Reply<R extends Route> = R['reply'] extends 'stream' ? Response : RouteReply<R> | Response;

export type Handler<R extends Route> = (call: Call<R>) => Promise<Reply<R>> | Reply<R>;

type RouteTable<S extends ServiceName> = (typeof ROUTES)[S];

type DoneOperation<S extends ServiceName> = {
  [Id in keyof RouteTable<S>]: RouteTable<S>[Id] extends { done: true } ? Id : never;
}[keyof RouteTable<S>];

/** One handler for each call of a service that is done; a missing one does not compile. */
export type Handlers<S extends ServiceName> = {
  [Id in DoneOperation<S>]: RouteTable<S>[Id] extends Route ? Handler<RouteTable<S>[Id]> : never;
};

/** The success reply of many calls. */
export function genericResponse(
  call: { requestId: string },
  message = '',
): z.output<typeof GenericResponse> {
  return { ok: true, requestId: call.requestId, message, error: null };
}

/** For use cases that have their effect once: the reply is stored with it, as it is sent. */
export function onceOf<T>(
  call: { onceKey: OnceKey | null },
  replyOf: (result: T) => unknown,
): Once<T> | null {
  const { onceKey } = call;
  if (onceKey === null) return null;
  return { key: onceKey, replyOf: (result) => stringifyWire(replyOf(result)) };
}
