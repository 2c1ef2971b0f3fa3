import {
  notFound,
  precondition,
  type JobConfigInput,
  type ParamsInput,
  type Priority,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { checkConfig } from '../../domain/job-config.ts';
import { isTerminal } from '../../domain/job-state.ts';
import { lockJob, updateJob } from '../../store/jobs.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { setPriority } from '../fairness/set-priority.ts';
import { recordJobEvent } from '../transitions/enter-state.ts';
import { checkParams } from './check-params.ts';
import {
  changeDraft,
  draftOf,
  jobOf,
  submittedComponents,
  withParams,
  withSources,
} from './draft.ts';
import { viewJob, type JobView } from './job-view.ts';
import { readSources, type SourcesInput } from './read-sources.ts';

export async function updateDataSource(
  ctx: Context,
  account: Account,
  id: string,
  input: SourcesInput,
): Promise<JobView> {
  const draft = await draftOf(ctx, account, id);
  const sources = await readSources(ctx, account.id, input);
  await changeDraft(ctx, draft, (doc) => withSources(doc, sources));
  return viewJob(ctx, draft.job);
}

export async function updateParams(
  ctx: Context,
  account: Account,
  id: string,
  input: ParamsInput,
): Promise<JobView> {
  const draft = await draftOf(ctx, account, id);
  const changed = withParams(draft.doc, input);
  await checkParams(ctx, account.id, changed, submittedComponents(input));
  await changeDraft(ctx, draft, (doc) => withParams(doc, input));
  return viewJob(ctx, draft.job);
}

export async function updateConfig(
  ctx: Context,
  account: Account,
  id: string,
  input: JobConfigInput,
): Promise<JobView> {
  checkConfig(input);
  const { priority, ...config } = input;
  // What a job that runs can still be told is when its turn comes, and nothing else.
  if (priority !== undefined && Object.keys(config).length === 0) {
    return viewJob(ctx, await changePriority(ctx, account, id, priority));
  }
  const draft = await draftOf(ctx, account, id);
  await changeDraft(ctx, draft, (doc) => ({ ...doc, config: { ...doc.config, ...config } }), input);
  return viewJob(ctx, await jobOf(ctx, account, id));
}

async function changePriority(
  ctx: Context,
  account: Account,
  id: string,
  priority: Priority,
): Promise<JobRow> {
  const seen = await jobOf(ctx, account, id);
  const job = await ctx.store.transact(async (tx) => {
    const locked = await lockJob(tx, seen.no);
    if (locked === undefined) throw notFound('job');
    if (isTerminal(locked.state)) throw precondition('job has already ended');
    const changed = await setPriority(tx, locked, { priority });
    await recordJobEvent(tx, changed, ctx.now());
    return changed;
  });
  for (const topic of ['event', 'runnable'] as const) ctx.signals.notify(topic);
  return job;
}

/** The name may change in any state. */
export async function renameJob(
  ctx: Context,
  account: Account,
  id: string,
  name: string,
): Promise<JobView> {
  const seen = await jobOf(ctx, account, id);
  const job = await ctx.store.transact(async (tx) => {
    const locked = await lockJob(tx, seen.no);
    const renamed = locked && (await updateJob(tx, locked, { name }));
    if (renamed === undefined) throw notFound('job');
    await recordJobEvent(tx, renamed, ctx.now());
    return renamed;
  });
  ctx.signals.notify('event');
  return viewJob(ctx, job);
}
