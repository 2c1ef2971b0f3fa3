/** `retryOn` and `failOn`: outcomes of an attempt, by exit code or by reason. */
import type { AttemptReason } from '@bytenite/contract';

/** The other reasons are said by the server alone, and nothing follows them. */
export const NAMEABLE_REASONS = [
  'EXIT_NONZERO',
  'TIMEOUT',
  'OUT_OF_MEMORY',
  'WORKER_LOST',
  'IMAGE_PULL_FAILED',
  'INPUT_FAILED',
  'OUTPUT_FAILED',
  'INTERNAL',
] as const satisfies readonly AttemptReason[];

const MAX_EXIT_CODE = 255;

export interface Outcome {
  reason: AttemptReason;
  exitCode: number | null;
  /** Nobody ran it: the message that gave it to its runner was lost. */
  isUnheardOf?: boolean;
}

/** Whether an entry is an exit code that stands for a failure, or a reason. */
export function isOutcome(entry: string | number): boolean {
  const text = String(entry);
  if (/^\d{1,3}$/.test(text)) return Number(text) > 0 && Number(text) <= MAX_EXIT_CODE;
  return (NAMEABLE_REASONS as readonly string[]).includes(text);
}

export function isNamed(list: readonly string[], { reason, exitCode }: Outcome): boolean {
  if (list.includes(reason)) return true;
  return reason === 'EXIT_NONZERO' && exitCode !== null && list.includes(String(exitCode));
}
