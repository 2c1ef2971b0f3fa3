/** Typed HTTP client over the contract's routes. Runs in browsers too; files are in `@bytenite/client/node`. */
export { createClient, type Client, type ClientOptions } from './client.ts';
export { ConnectionError, RemoteError, UnreadableReplyError } from './errors.ts';
export type { EventsOptions, StreamEvent } from './events.ts';
export type { CallId, CallInput, CallReply } from './operations.ts';
