import type { AttemptReason } from '@bytenite/contract';

/** An attempt that failed outside the user's process, with the reason that is reported. */
export class StageError extends Error {
  override name = 'StageError';
  readonly reason: AttemptReason;

  constructor(reason: AttemptReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Text of anything thrown, for a log line or an error message. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // undici and fetch put the real reason into the cause.
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return (error.message || error.name) + cause;
}
