/** What must be right for a job's components to be run: before a draft starts, and when a job is run again. */
import { precondition, type ComponentType, type JobConfigInput } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import {
  effectiveParams,
  effectiveSource,
  effectiveTag,
  type JobDoc,
  type Pinned,
  type PinnedRevision,
} from '../../domain/job-doc.ts';
import { withoutPriority } from '../../domain/priority.ts';
import { formatTag } from '../../domain/tags.ts';
import { manifestOf, type ComponentRecord } from '../../store/components.ts';
import { findUpload } from '../../store/records.ts';
import type { Db, Tx } from '../../store/store.ts';
import { checkSchemas } from './check-params.ts';
import { checkOwners, checkSecrets } from './check-secrets.ts';
import { checkParamsSize } from './draft.ts';
import { resolveComponent } from './resolve-component.ts';

const COMPONENTS = ['app', 'partitioner', 'assembler'] as const satisfies ComponentType[];

/** All that can be checked before the transaction, in the contract's order; `no` is null where no job is yet. */
export async function checkStart(
  ctx: Context,
  account: string,
  doc: JobDoc,
  no: number | null,
): Promise<void> {
  await checkUpload(ctx.store.db, no, doc);
  const components = await resolveComponents(ctx.store.db, account, doc);
  await checkSecrets(ctx, account, components);
  checkParamsSize(ctx, {
    app: effectiveParams(doc, 'app').text,
    partitioner: effectiveParams(doc, 'partitioner').text,
    assembler: effectiveParams(doc, 'assembler').text,
  });
  await checkSchemas(ctx, doc, components);
}

export function withConfig(doc: JobDoc, config: JobConfigInput): JobDoc {
  return { ...doc, config: { ...doc.config, ...withoutPriority(config) } };
}

/** The revisions that the tags stand for in this transaction. */
export async function pinComponents(tx: Tx, account: string, doc: JobDoc): Promise<Pinned> {
  const resolved = await resolveComponents(tx, account, doc);
  // The owner of another account's component may have pushed one that asks for secrets just now.
  checkOwners(account, resolved);
  return pin(resolved);
}

export async function checkUpload(db: Db, no: number | null, doc: JobDoc): Promise<void> {
  if (effectiveSource(doc)?.descriptor !== 'file') return;
  const upload = no === null ? undefined : await findUpload(db, no);
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
    network: manifest.platformConfig.network,
    preload: manifest.platformConfig.preload,
    readOnlyInput: manifest.platformConfig.readOnlyInput,
    secrets: manifest.platformConfig.secrets,
  };
}

export function pinRows(job: number, pinned: Pinned) {
  return Object.values(pinned).flatMap((component) =>
    component === null ? [] : [{ job, component: component.id, revision: component.revision }],
  );
}
