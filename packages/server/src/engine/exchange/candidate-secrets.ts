import type { SecretGrant } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import type { PinnedRevision } from '../../domain/job-doc.ts';
import { lockJob } from '../../store/jobs.ts';
import type { JobRow } from '../../store/tables.ts';
import type { JobPolicy } from '../job-policy.ts';
import { findUsableSecrets, grantSecrets } from '../secrets/grant-secrets.ts';
import { endJob } from '../transitions/end-job.ts';

/**
 * The secrets that the next tasks of a job are given, as they are now: a secret that was replaced is new
 * from the next task on. One that was deleted or has expired ends the job; then there are none (null).
 */
export async function candidateSecrets(
  ctx: Context,
  job: JobRow,
  policy: JobPolicy,
  component: PinnedRevision,
): Promise<SecretGrant[] | null> {
  if (component.secrets.length === 0) return [];
  const { rows, missing } = await findUsableSecrets(ctx, job.account, component.secrets);
  if (missing === null) return grantSecrets(ctx, rows);
  await failJob(ctx, job, policy, `secret not found: ${missing}, which ${component.tag} needs`);
  return null;
}

async function failJob(
  ctx: Context,
  seen: JobRow,
  policy: JobPolicy,
  message: string,
): Promise<void> {
  await ctx.store.transact(async (tx) => {
    const job = await lockJob(tx, seen.no);
    if (job === undefined || job.state !== seen.state || job.run !== seen.run) return;
    await endJob(tx, job, policy, { state: 'FAILED', reason: 'INTERNAL', message }, ctx.now());
  });
  ctx.signals.notify('event');
}
