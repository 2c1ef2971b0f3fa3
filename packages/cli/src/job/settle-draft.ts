import type { Client } from '@bytenite/client';
import { describeError } from '../describe-error.ts';
import { CliError, Interrupted } from '../errors.ts';
import { printable } from '../terminal/escape.ts';

/**
 * After something went wrong between making a draft and running it: the draft is kept for the sake of its
 * upload, else deleted. Returns the error to throw.
 */
export async function settleDraft(
  client: Client,
  jobId: string,
  input: string | undefined,
  error: unknown,
): Promise<unknown> {
  if (input === undefined) {
    await client.call('Customer_DeleteJob', { params: { jobId } }).catch(() => undefined);
    return error;
  }
  const kept = `the draft is kept: bytenite job run ${jobId}, or bytenite job delete ${jobId}`;
  if (error instanceof Interrupted) {
    process.stderr.write(`\nInterrupted before the job ran; ${printable(kept)}\n`);
    return error;
  }
  const described = describeError(error);
  if (!(described instanceof CliError)) return described;
  const { message, why, fix } = described;
  return new CliError(message, { why, fix: [...fix, kept] });
}
