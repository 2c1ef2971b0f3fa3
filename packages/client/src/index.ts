/** Typed HTTP client over the contract's routes. Runs in browsers too; files are in `@bytenite/client/node`. */
export { RawJson, type EventName, type Job, type Task, type WireLogLine } from '@bytenite/contract';
export { accessToken } from './access-token.ts';
export type { Cache } from './cache.ts';
export type { Caller, CallOptions } from './caller.ts';
export { createClient, type Client, type ClientOptions } from './client.ts';
export { download, type Download } from './download.ts';
export { ConnectionError, JobFailedError, RemoteError, UnreadableReplyError } from './errors.ts';
export type { EventsOptions, StreamEvent } from './events.ts';
export { followJob, hasEnded, lookAtJob, waitForJob, type WaitOptions } from './follow-job.ts';
export type { Jobs } from './jobs.ts';
export type { CallId, CallInput, CallReply } from './operations.ts';
export type { PagedCallId, PageItem } from './pages.ts';
export type { RetryOptions } from './retry.ts';
export type { FinishedJob, JobResult, NewJob, RunAndWaitOptions } from './run-job.ts';
export type { TransferOptions } from './transfer.ts';
export { upload, type ReadableInput, type UploadInput } from './upload.ts';
export { watchEvents } from './watch-events.ts';
