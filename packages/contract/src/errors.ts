/** The closed list of errors: gRPC code and HTTP status, once. The user's fault below 500, ours above. */
export const ERRORS = {
  INVALID_ARGUMENT: { code: 3, status: 400 },
  FAILED_PRECONDITION: { code: 9, status: 400 },
  OUT_OF_RANGE: { code: 11, status: 400 },
  UNAUTHENTICATED: { code: 16, status: 401 },
  PERMISSION_DENIED: { code: 7, status: 403 },
  NOT_FOUND: { code: 5, status: 404 },
  ALREADY_EXISTS: { code: 6, status: 409 },
  ABORTED: { code: 10, status: 409 },
  RESOURCE_EXHAUSTED: { code: 8, status: 429 },
  CANCELLED: { code: 1, status: 499 },
  UNKNOWN: { code: 2, status: 500 },
  INTERNAL: { code: 13, status: 500 },
  DATA_LOSS: { code: 15, status: 500 },
  UNIMPLEMENTED: { code: 12, status: 501 },
  METHOD_NOT_ALLOWED: { code: 12, status: 405 },
  UNAVAILABLE: { code: 14, status: 503 },
  DEADLINE_EXCEEDED: { code: 4, status: 504 },
} as const;
export type ErrorName = keyof typeof ERRORS;

/** One field that was refused; `field` is a dotted path in the wire's camelCase. */
export interface FieldViolation {
  field: string;
  description: string;
}

/** Reason of an error that passes once the platform's disk has room. */
export const NO_SPACE_REASON = 'NO_SPACE';

const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';

/** The detail by which programs tell why a call failed, where its code alone does not say. */
export function errorInfo(reason: string): Record<string, string> {
  return { '@type': ERROR_INFO, reason, domain: 'bytenite' };
}

/** The reason among the details of an error's body, which may be anything; `''` when there is none. */
export function reasonOf(details: unknown): string {
  if (!Array.isArray(details)) return '';
  const info = (details as unknown[]).find(
    (detail) => (detail as { '@type'?: unknown } | null)?.['@type'] === ERROR_INFO,
  );
  const { reason } = (info ?? {}) as { reason?: unknown };
  return typeof reason === 'string' ? reason : '';
}

/** An error that reaches the caller as the contract's error body. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ErrorName;
  readonly violations: readonly FieldViolation[];
  /** Seconds for `Retry-After`, where the caller should try again. */
  readonly retryAfter: number | null;
  /** For programs, where the kind alone does not say why; else `''`. */
  readonly reason: string;

  constructor(
    kind: ErrorName,
    message: string,
    options: {
      violations?: readonly FieldViolation[];
      retryAfter?: number;
      reason?: string;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.violations = options.violations ?? [];
    this.retryAfter = options.retryAfter ?? null;
    this.reason = options.reason ?? '';
  }
}

export function notFound(thing: string): ApiError {
  return new ApiError('NOT_FOUND', `${thing} not found`);
}

export function invalid(message: string, violations: readonly FieldViolation[] = []): ApiError {
  return new ApiError('INVALID_ARGUMENT', message, { violations });
}

export function precondition(message: string): ApiError {
  return new ApiError('FAILED_PRECONDITION', message);
}

/** For what the contract has and this version has not: never accepted and ignored. */
export function notBuilt(what: string): ApiError {
  return new ApiError('UNIMPLEMENTED', `${what} is not available in this version`);
}
