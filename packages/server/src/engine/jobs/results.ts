import { notFound, precondition } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findJobByNo } from '../../store/jobs.ts';
import { findOutput, listOutputs } from '../../store/records.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { jobOf } from './draft.ts';

export interface Results {
  jobNo: number;
  run: number;
  names: string[];
  /** When the links end. */
  expiresAt: number;
}

/** Names of the delivered files; why there are none yet, or no more, otherwise. */
export async function getResults(ctx: Context, account: Account, id: string): Promise<Results> {
  const job = await jobOf(ctx, account, id);
  if (job.state === 'FAILED') throw precondition(job.error_message || 'job has failed');
  if (job.state !== 'COMPLETE') throw precondition('job has not yet been completed');
  const expiresAt = expiryOf(ctx, job);
  if (job.data_state === 'expired' || expiresAt <= ctx.now()) {
    throw precondition('results have expired');
  }
  const outputs = await listOutputs(ctx.store.db, job.no, job.run);
  return { jobNo: job.no, run: job.run, names: outputs.map(({ path }) => path), expiresAt };
}

function expiryOf(ctx: Context, job: JobRow): number {
  return (job.ended_at ?? ctx.now()) + ctx.config.retentionMs;
}

export interface ResultFile {
  key: string;
  offset: number;
  length: number;
  name: string;
}

/** The file behind a signed link; gone with its job and with its data. */
export async function findResultFile(
  ctx: Context,
  jobNo: number,
  run: number,
  path: string,
): Promise<ResultFile> {
  const job = await findJobByNo(ctx.store.db, jobNo);
  if (job === undefined || job.data_state === 'expired') throw notFound('file');
  const output = await findOutput(ctx.store.db, jobNo, run, path);
  if (output === undefined) throw notFound('file');
  const { key, offset, length } = output;
  return { key, offset, length, name: path.slice(path.lastIndexOf('/') + 1) };
}
