/** Errors as the contract's body (1.4). */
import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { ApiError, errorInfo, ERRORS, NO_SPACE_REASON, type RpcStatus } from '@bytenite/contract';
import type { z } from 'zod';
import { WorkerBusy } from '../schema/limited-worker.ts';

export interface Problem {
  status: number;
  body: z.output<typeof RpcStatus>;
  headers: Record<string, string>;
}

const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const DEFAULT_RETRY_SECONDS = 1;

export function newRequestId(): string {
  return `req-${randomBytes(8).toString('hex')}`;
}

/** What the caller is told. Of an error that is not meant for callers nothing leaks. */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = toApiError(error);
  const { code, status } = ERRORS[known.kind];
  const details: z.output<typeof RpcStatus>['details'] =
    known.violations.length === 0
      ? []
      : [{ '@type': BAD_REQUEST, fieldViolations: known.violations }];
  if (known.reason !== '') details.push(errorInfo(known.reason));
  return {
    status,
    headers: retryHeader(known, status),
    body: {
      code,
      message: known.message,
      details,
      ok: false,
      requestId,
      error: {
        code: status,
        message: STATUS_CODES[status] ?? 'Client Closed Request',
        description: known.message,
      },
    },
  };
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof WorkerBusy) {
    const message = 'too many schemas are being checked';
    return new ApiError('UNAVAILABLE', message, {
      retryAfter: DEFAULT_RETRY_SECONDS,
      cause: error,
    });
  }
  if (isDiskFull(error)) {
    return new ApiError('UNAVAILABLE', DISK_FULL, {
      retryAfter: DISK_RETRY_SECONDS,
      reason: NO_SPACE_REASON,
      cause: error,
    });
  }
  return new ApiError('INTERNAL', 'internal error', { cause: error });
}

const DISK_FULL =
  "the platform's disk is full. Delete jobs that are not needed, or ask its operator to make room";
const DISK_RETRY_SECONDS = 60;
/** SQLITE_FULL */
const DATABASE_FULL = 13;

/** Another program took the room that was there a moment ago. */
function isDiskFull(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || errcode === DATABASE_FULL;
}

function retryHeader(error: ApiError, status: number): Record<string, string> {
  const seconds = error.retryAfter ?? (status === 429 ? DEFAULT_RETRY_SECONDS : null);
  return seconds === null ? {} : { 'retry-after': String(seconds) };
}

/** An error reply on its own, with the headers that every reply has. */
export function problemResponse(error: unknown, requestId: string): Response {
  const { status, body, headers } = problemOf(error, requestId);
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}
