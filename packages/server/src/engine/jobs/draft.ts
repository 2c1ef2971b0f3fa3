/** What creating and editing a draft have in common. */
import {
  invalid,
  notFound,
  precondition,
  type ComponentType,
  type JobConfigInput,
  type ParamsInput,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import type { JobDoc } from '../../domain/job-doc.ts';
import { findJob, lockJob, readJobDoc, updateJobDoc } from '../../store/jobs.ts';
import { findUpload, saveUpload } from '../../store/records.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { setPriority } from '../fairness/set-priority.ts';
import { recordJobEvent } from '../transitions/enter-state.ts';
import type { Sources } from './read-sources.ts';

export const ALREADY_STARTED = 'job has already been started';

const COMPONENTS = ['partitioner', 'app', 'assembler'] as const satisfies ComponentType[];

/** The caller's job, or 404. */
export async function jobOf(ctx: Context, account: Account, id: string): Promise<JobRow> {
  const job = await findJob(ctx.store.db, account.id, id);
  if (job === undefined) throw notFound('job');
  return job;
}

/** A draft of the caller, or why it is none. */
export async function draftOf(
  ctx: Context,
  account: Account,
  id: string,
): Promise<{ job: JobRow; doc: JobDoc }> {
  const job = await jobOf(ctx, account, id);
  if (job.state !== 'NEW') throw precondition(ALREADY_STARTED);
  return { job, doc: await readJobDoc(ctx.store.db, job.no) };
}

/** Changes a draft's document, and its priority by a config's, under the job's lock: it cannot start in between. */
export async function changeDraft(
  ctx: Context,
  draft: { job: JobRow },
  change: (doc: JobDoc) => JobDoc,
  config: JobConfigInput = {},
): Promise<void> {
  await ctx.store.transact(async (tx) => {
    const job = await lockJob(tx, draft.job.no);
    if (job === undefined) throw notFound('job');
    if (job.state !== 'NEW') throw precondition(ALREADY_STARTED);
    const doc = change(await readJobDoc(tx, job.no));
    await updateJobDoc(tx, job.no, doc);
    const changed = await setPriority(tx, job, config);
    await openUpload(tx, job.no, doc);
    await recordJobEvent(tx, changed, ctx.now());
  });
  ctx.signals.notify('event');
}

/** A source `file` has somewhere to be uploaded to from the moment it is named. */
export async function openUpload(tx: Tx, no: number, doc: JobDoc): Promise<void> {
  const source = doc.dataSource ?? doc.template?.dataSource;
  if (source?.descriptor !== 'file' || (await findUpload(tx, no)) !== undefined) return;
  await saveUpload(tx, { job: no, key: null, name: '', size_bytes: 0, sha256: '', state: 'open' });
}

export function withSources(doc: JobDoc, sources: Sources): JobDoc {
  return { ...doc, ...sources };
}

/** Replaces what was submitted for each component present. */
export function withParams(doc: JobDoc, input: ParamsInput): JobDoc {
  const params = { ...doc.params };
  for (const component of COMPONENTS) {
    const value = input[component];
    if (value !== undefined) params[component] = value.text;
  }
  return { ...doc, params };
}

export function submittedComponents(input: ParamsInput | undefined): ComponentType[] {
  return COMPONENTS.filter((component) => input?.[component] !== undefined);
}

/** Params travel in an environment variable, which has a largest size. */
export function checkParamsSize(ctx: Context, texts: Record<ComponentType, string>): void {
  const limit = ctx.config.limits.paramsBytes;
  for (const component of COMPONENTS) {
    const size = Buffer.byteLength(texts[component]);
    if (size <= limit) continue;
    const description = `is ${size} bytes; at most ${limit} can be passed to a task`;
    throw invalid(`params.${component} ${description}`, [
      { field: `params.${component}`, description },
    ]);
  }
}
