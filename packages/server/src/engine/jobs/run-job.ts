import {
  notFound,
  precondition,
  type ComponentType,
  type JobConfigInput,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { checkConfig } from '../../domain/job-config.ts';
import {
  effectiveConfig,
  effectiveParams,
  effectiveSource,
  effectiveTag,
  type JobDoc,
  type Pinned,
  type PinnedRevision,
} from '../../domain/job-doc.ts';
import { formatTag } from '../../domain/tags.ts';
import { manifestOf, type ComponentRecord } from '../../store/components.ts';
import { lockJob, readJobDoc, updateJobDoc } from '../../store/jobs.ts';
import { findUpload, insertPins } from '../../store/records.ts';
import { insertStep } from '../../store/steps.ts';
import type { Db } from '../../store/store.ts';
import type { Account } from '../auth/account.ts';
import { checkBalance } from '../wallet/balance.ts';
import { enterState } from '../transitions/enter-state.ts';
import { requireSpace } from '../require-space.ts';
import { checkSchemas } from './check-params.ts';
import { checkOwners, checkSecrets } from './check-secrets.ts';
import { ALREADY_STARTED, checkParamsSize, draftOf } from './draft.ts';
import { resolveComponent } from './resolve-component.ts';

const COMPONENTS = ['app', 'partitioner', 'assembler'] as const satisfies ComponentType[];

/**
 * Validates a draft in the contract's order, pins the revisions it will run, and starts it. A failure
 * leaves the draft as it was.
 */
export async function runJob(
  ctx: Context,
  account: Account,
  id: string,
  config: JobConfigInput,
): Promise<void> {
  const draft = await draftOf(ctx, account, id);
  requireSpace(ctx);
  checkConfig(config);
  const doc = withConfig(draft.doc, config);
  await checkUpload(ctx.store.db, draft.job.no, doc);
  const components = await resolveComponents(ctx.store.db, account.id, doc);
  await checkSecrets(ctx, account.id, components);
  checkParamsSize(ctx, {
    app: effectiveParams(doc, 'app').text,
    partitioner: effectiveParams(doc, 'partitioner').text,
    assembler: effectiveParams(doc, 'assembler').text,
  });
  await checkSchemas(ctx, doc, components);
  await checkBalance(ctx, ctx.store.db, account.id, effectiveConfig(doc));

  await ctx.store.transact(async (tx) => {
    const job = await lockJob(tx, draft.job.no);
    if (job === undefined) throw notFound('job');
    if (job.state !== 'NEW') throw precondition(ALREADY_STARTED);
    // What was validated may have changed meanwhile: what is started is what the draft is now.
    const current = withConfig(await readJobDoc(tx, job.no), config);
    await checkUpload(tx, job.no, current);
    const resolved = await resolveComponents(tx, account.id, current);
    // The owner of another account's component may have pushed one that asks for secrets just now.
    checkOwners(account.id, resolved);
    await checkBalance(ctx, tx, account.id, effectiveConfig(current));
    const pinned = pin(resolved);
    await updateJobDoc(tx, job.no, { ...current, pinned });
    await insertPins(tx, pinRows(job.no, pinned));
    const now = ctx.now();
    const { jobTimeout } = effectiveConfig(current);
    await enterState(tx, job, 'STARTED', now, {
      submitted_at: now,
      deadline_at: jobTimeout > 0 ? now + jobTimeout * 1000 : null,
    });
    await insertStep(tx, { job: job.no, run: job.run, name: 'source', readyAt: now });
  });
  ctx.signals.notify('step');
  ctx.signals.notify('event');
}

function withConfig(doc: JobDoc, config: JobConfigInput): JobDoc {
  return { ...doc, config: { ...doc.config, ...config } };
}

async function checkUpload(db: Db, no: number, doc: JobDoc): Promise<void> {
  if (effectiveSource(doc)?.descriptor !== 'file') return;
  const upload = await findUpload(db, no);
  if (upload?.state !== 'completed') throw precondition('upload has not been completed');
}

async function resolveComponents(
  db: Db,
  account: string,
  doc: JobDoc,
): Promise<Map<ComponentType, ComponentRecord>> {
  const resolved = new Map<ComponentType, ComponentRecord>();
  for (const component of COMPONENTS) {
    const record = await resolveComponent(db, account, doc, component);
    if (record === null) {
      throw precondition(`no active ${component} matches ${effectiveTag(doc, component)}`);
    }
    if (record !== 'passthrough') resolved.set(component, record);
  }
  return resolved;
}

function pin(components: ReadonlyMap<ComponentType, ComponentRecord>): Pinned {
  const pinOf = (component: ComponentType) => {
    const record = components.get(component);
    return record === undefined ? null : pinnedRevision(record);
  };
  return { app: pinOf('app'), partitioner: pinOf('partitioner'), assembler: pinOf('assembler') };
}

function pinnedRevision({ component, revision }: ComponentRecord): PinnedRevision {
  const manifest = manifestOf(revision);
  return {
    tag: formatTag(component),
    id: component.id,
    owner: component.account,
    revision: revision.revision,
    hash: revision.hash,
    blobKey: revision.blob_key,
    cpus: manifest.deviceRequirements.minCpu,
    memoryGiB: manifest.deviceRequirements.minMemory,
    gpu: manifest.deviceRequirements.gpu,
    entrypoint: manifest.entrypoint,
    image: manifest.platformConfig.container,
    secrets: manifest.platformConfig.secrets,
  };
}

function pinRows(job: number, pinned: Pinned) {
  return Object.values(pinned).flatMap((component) =>
    component === null ? [] : [{ job, component: component.id, revision: component.revision }],
  );
}
