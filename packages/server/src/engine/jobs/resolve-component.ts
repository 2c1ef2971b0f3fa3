import { precondition, type ComponentType } from '@bytenite/contract';
import { effectiveTag, isPassthrough, type JobDoc } from '../../domain/job-doc.ts';
import type { ComponentRecord } from '../../store/components.ts';
import type { Db } from '../../store/store.ts';
import { findPublicTemplate } from '../../store/templates.ts';
import { resolveTag } from '../components/resolve-tag.ts';

/**
 * What a job's component stands for now: `passthrough`, an active revision, or null when nothing matches.
 * The job's own tags are looked up in its account, a template's in the account that owns the template.
 */
export async function resolveComponent(
  db: Db,
  account: string,
  doc: JobDoc,
  type: ComponentType,
): Promise<ComponentRecord | 'passthrough' | null> {
  const tag = effectiveTag(doc, type);
  if (isPassthrough(tag)) return type === 'app' ? null : 'passthrough';
  const owner = ownerOfTag(account, doc, type);
  if (owner !== account) await checkShared(db, owner, doc.template?.info.id ?? '');
  return resolveTag(db, { account: owner, types: [type], tag, active: true });
}

function ownerOfTag(account: string, doc: JobDoc, type: ComponentType): string {
  const owner = doc.tags[type] === null ? doc.template?.info.owner : undefined;
  return owner ?? account;
}

/** A draft keeps its template; the right to use the owner's components lasts as long as the template is shared. */
async function checkShared(db: Db, owner: string, id: string): Promise<void> {
  if ((await findPublicTemplate(db, owner, id)) !== undefined) return;
  throw precondition(`template ${id} is no longer public`);
}
