import { ApiError, invalid, precondition, type CreateJobInput } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import { checkConfig } from '../../domain/job-config.ts';
import { effectiveTag, type JobDoc } from '../../domain/job-doc.ts';
import { priorityOf, withoutPriority } from '../../domain/priority.ts';
import {
  findJob,
  insertJob,
  lockJob,
  ownerOfJobId,
  updateJob,
  updateJobDoc,
} from '../../store/jobs.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { usableTemplate } from '../templates/usable-template.ts';
import { recordJobEvent } from '../transitions/enter-state.ts';
import { requireSpace } from '../require-space.ts';
import { transactOnce, type Once } from '../once.ts';
import { checkParams } from './check-params.ts';
import {
  ALREADY_STARTED,
  openUpload,
  submittedComponents,
  withParams,
  withSources,
} from './draft.ts';
import { viewJob, type JobView } from './job-view.ts';
import { readSources } from './read-sources.ts';
import { startDraft } from './run-job.ts';
import { checkStart } from './start-checks.ts';

/** Path words of the routes, which cannot be job ids, and what every command takes for the newest job. */
const RESERVED_IDS = new Set([
  'last',
  'filter',
  'runningTasks',
  'templates',
  'datasource',
  'params',
  'run',
  'abort',
  'uploadcompleted',
]);

/**
 * Creates a draft, or updates an own draft of the given id; with `run` it starts in the same transaction,
 * so that nothing is there when it cannot.
 */
export async function createJob(
  ctx: Context,
  account: Account,
  input: CreateJobInput,
  once: Once<JobView> | null = null,
): Promise<JobView> {
  await requireSpace(ctx);
  if (RESERVED_IDS.has(input.jobId ?? '')) {
    throw invalid(`jobId ${input.jobId} is a reserved word`, [
      { field: 'jobId', description: 'is a reserved word' },
    ]);
  }
  checkConfig(input.config ?? {});
  const doc = await newDoc(ctx, account, input);
  await checkParams(ctx, account.id, doc, submittedComponents(input.params));
  const runs = input.run === true;
  if (runs) await checkStart(ctx, account.id, doc, await draftNo(ctx, account, input.jobId));
  const view = await transactOnce(ctx, once, async (tx) => {
    const draft = await saveDraft(ctx, tx, account, input, doc);
    return viewJob(ctx, runs ? await startDraft(ctx, tx, account, draft, doc) : draft, tx);
  });
  ctx.signals.notify('event');
  if (runs) ctx.signals.notify('step');
  return view;
}

/** Of the draft that a given id stands for; it may have an upload already. */
async function draftNo(
  ctx: Context,
  account: Account,
  id: string | undefined,
): Promise<number | null> {
  if (!id) return null;
  return (await findJob(ctx.store.db, account.id, id))?.no ?? null;
}

async function newDoc(ctx: Context, account: Account, input: CreateJobInput): Promise<JobDoc> {
  if (!input.templateId && !input.app) throw invalid('templateId or app is required');
  const template = input.templateId
    ? await usableTemplate(ctx, account.id, input.templateId)
    : null;
  const doc: JobDoc = {
    description: input.description ?? '',
    tags: {
      app: input.app || null,
      partitioner: input.partitioner || null,
      assembler: input.assembler || null,
    },
    template: template?.snapshot ?? null,
    templateParams: template?.params ?? { app: null, partitioner: null, assembler: null },
    config: withoutPriority(input.config ?? {}),
    dataSource: null,
    dataDestination: null,
    params: { app: null, partitioner: null, assembler: null },
    pinned: null,
  };
  const sources = await readSources(ctx, account.id, input);
  return withParams(withSources(doc, sources), input.params ?? {});
}

async function saveDraft(
  ctx: Context,
  tx: Tx,
  account: Account,
  input: CreateJobInput,
  doc: JobDoc,
): Promise<JobRow> {
  const existing = input.jobId ? await ownDraft(tx, account, input.jobId) : undefined;
  const job =
    existing === undefined
      ? await insertDraft(ctx, tx, account, input, doc)
      : await replaceDraft(tx, existing, input, doc);
  await openUpload(tx, job.no, doc);
  await recordJobEvent(tx, job, ctx.now());
  return job;
}

async function ownDraft(tx: Tx, account: Account, id: string): Promise<JobRow | undefined> {
  const owner = await ownerOfJobId(tx, id);
  if (owner === undefined) return undefined;
  if (owner !== account.id) throw new ApiError('ALREADY_EXISTS', `job id ${id} is taken`);
  const seen = await findJob(tx, account.id, id);
  const job = seen && (await lockJob(tx, seen.no));
  if (job !== undefined && job.state !== 'NEW') throw precondition(ALREADY_STARTED);
  return job;
}

function nameOf(input: CreateJobInput, doc: JobDoc): string {
  return input.name || input.templateId || effectiveTag(doc, 'app');
}

async function replaceDraft(
  tx: Tx,
  job: JobRow,
  input: CreateJobInput,
  doc: JobDoc,
): Promise<JobRow> {
  await updateJobDoc(tx, job.no, doc);
  const patch = {
    name: nameOf(input, doc),
    template_id: input.templateId ?? '',
    priority: priorityOf(input, doc.template),
  };
  const next = await updateJob(tx, job, patch);
  if (next === undefined) throw precondition(ALREADY_STARTED);
  return next;
}

async function insertDraft(
  ctx: Context,
  tx: Tx,
  account: Account,
  input: CreateJobInput,
  doc: JobDoc,
): Promise<JobRow> {
  const uuid = uuidv7();
  const now = ctx.now();
  return insertJob(
    tx,
    {
      id: input.jobId || uuid,
      uuid,
      account: account.id,
      template_id: input.templateId ?? '',
      name: nameOf(input, doc),
      state: 'NEW',
      run: 1,
      num_chunks: 0,
      cursor: 0,
      committed: 0,
      failed: 0,
      price: 0,
      data_state: 'kept',
      failure_reason: 'NONE',
      error_message: '',
      state_times: JSON.stringify({ NEW: now }),
      created_at: now,
      submitted_at: null,
      started_at: null,
      ended_at: null,
      deadline_at: null,
      deliver_after: 0,
      priority: priorityOf(input, doc.template),
    },
    doc,
  );
}
