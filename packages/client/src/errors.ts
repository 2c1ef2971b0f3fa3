import {
  ApiError,
  ERRORS,
  type ErrorName,
  type FieldViolation,
  type Job,
  reasonOf,
} from '@bytenite/contract';
import { parseRetryAfter } from './retry-after.ts';

/** The platform answered a call with an error. */
export class RemoteError extends ApiError {
  readonly operation: string;
  /** Number of the gRPC code; `kind` is its name. */
  readonly code: number;
  readonly status: number;
  /** As they came; `violations` are the fields among them. */
  readonly details: readonly unknown[];
  /** What an operator finds the call by in the server's log; `''` when the answer named none. */
  readonly requestId: string;

  constructor(
    kind: ErrorName,
    message: string,
    details: {
      operation: string;
      status: number;
      requestId: string;
      details?: readonly unknown[];
      violations?: readonly FieldViolation[];
      retryAfter?: number;
      reason?: string;
    },
  ) {
    super(kind, message, details);
    this.operation = details.operation;
    this.code = ERRORS[kind].code;
    this.status = details.status;
    this.details = details.details ?? [];
    this.requestId = details.requestId;
  }
}

/** No answer: the platform was not reached, the connection broke, or time ran out. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly url: string;
  readonly reason: 'unreachable' | 'timeout';
  /** False when the platform cannot have got the request; true when nobody knows. */
  readonly mayBeDone: boolean;

  constructor(url: string, reason: 'unreachable' | 'timeout', message: string, cause?: unknown) {
    super(message, { cause });
    this.url = url;
    this.reason = reason;
    this.mayBeDone = reason === 'timeout' || !isBeforeSending(cause);
  }
}

/** What Node calls the ways in which no connection came about; browsers do not tell. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Looks at the error and at its causes: fetch wraps them once or twice. */
function isBeforeSending(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 3) return false;
  const { code } = error as { code?: unknown };
  return BEFORE_SENDING.has(String(code)) || isBeforeSending(error.cause, depth + 1);
}

/** A job that was waited for has failed. */
export class JobFailedError extends Error {
  override readonly name = 'JobFailedError';
  readonly job: Job;

  constructor(job: Job) {
    super(`job ${job.id} failed: ${job.errorMessage || job.failureReason}`);
    this.job = job;
  }
}

/** The answer is not what the contract says: something else listens there, or another version. */
export class UnreadableReplyError extends Error {
  override readonly name = 'UnreadableReplyError';
  readonly operation: string;

  constructor(operation: string, problem: string) {
    super(`the reply to ${operation} could not be understood: ${problem}`);
    this.operation = operation;
  }
}

/** Rebuilds the error that an answer carries. */
export function errorFromReply(operation: string, response: Response, text: string): RemoteError {
  const body = parseObject(text);
  const { status } = response;
  const kind = findKind(status, body['code']);
  const retryAfter = parseRetryAfter(response.headers.get('retry-after'));
  const message = body['message'];
  return new RemoteError(
    kind,
    typeof message === 'string' && message !== ''
      ? message
      : `HTTP ${status} ${response.statusText}`.trim(),
    {
      operation,
      status,
      requestId: stringOf(body['requestId']) || (response.headers.get('x-request-id') ?? ''),
      details: Array.isArray(body['details']) ? (body['details'] as unknown[]) : [],
      violations: findViolations(body['details']),
      reason: reasonOf(body['details']),
      ...(retryAfter !== undefined && { retryAfter }),
    },
  );
}

/** Rebuilds the error that ends a stream of events. */
export function errorFromStream(operation: string, error: { code: number; message: string }) {
  const kind = findKind(0, error.code);
  const { status } = ERRORS[kind];
  return new RemoteError(kind, error.message, { operation, status, requestId: '' });
}

/** By code and status; where no known error has both, the code speaks, then the status. */
function findKind(status: number, code: unknown): ErrorName {
  const kinds = Object.keys(ERRORS) as ErrorName[];
  return (
    kinds.find((kind) => ERRORS[kind].code === code && ERRORS[kind].status === status) ??
    kinds.find((kind) => ERRORS[kind].code === code) ??
    kinds.find((kind) => ERRORS[kind].status === status) ??
    (status === 502 ? 'UNAVAILABLE' : 'UNKNOWN')
  );
}

function findViolations(details: unknown): FieldViolation[] {
  if (!Array.isArray(details)) return [];
  return details.flatMap((detail: unknown) => {
    const list = (detail as { fieldViolations?: unknown } | null)?.fieldViolations;
    if (!Array.isArray(list)) return [];
    return list.map((item: Partial<FieldViolation> | null) => ({
      field: stringOf(item?.field),
      description: stringOf(item?.description),
    }));
  });
}

/** Anything else than a JSON object (a proxy's page, say) counts as an empty one. */
function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
