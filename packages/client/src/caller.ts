/** What everything that is made of calls is given: the client without its conveniences. */
import type { EventsOptions, StreamEvent } from './events.ts';
import type { CallId, CallInput, CallReply } from './operations.ts';

export interface CallOptions {
  signal?: AbortSignal;
  /** Of one try; the client's own by default. */
  timeoutMs?: number;
  /**
   * Names this call to the platform (`Idempotency-Key`), which then does it once however often it arrives,
   * so that it is repeated like one that only reads. Left out of calls that the contract does not say it of.
   */
  idempotencyKey?: string;
}

export type CallArguments<Id extends CallId> =
  Partial<CallInput<Id>> extends CallInput<Id>
    ? [input?: CallInput<Id>, options?: CallOptions]
    : [input: CallInput<Id>, options?: CallOptions];

export interface Caller {
  readonly baseUrl: string;
  /** What the client sends with, for links. */
  readonly fetch: typeof globalThis.fetch;
  /** Makes a call; user data in the reply stays the text it came as. Throws RemoteError when refused. */
  call: <Id extends CallId>(id: Id, ...args: CallArguments<Id>) => Promise<CallReply<Id>>;
  /** Makes a call and returns the reply's JSON as it came. */
  text: <Id extends CallId>(id: Id, ...args: CallArguments<Id>) => Promise<string>;
  /** Follows changes until the signal aborts; see StreamEvent for what to do after `open`. */
  events: (options?: EventsOptions) => AsyncGenerator<StreamEvent, void, undefined>;
}
