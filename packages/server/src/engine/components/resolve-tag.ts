import type { ComponentType } from '@bytenite/contract';
import { parseTag } from '../../domain/tags.ts';
import { findRevision, type ComponentRecord } from '../../store/components.ts';
import type { Db } from '../../store/store.ts';

export interface TagQuery {
  /** Account in which the tag is looked up. */
  account: string;
  types: readonly ComponentType[];
  tag: string;
  /** True: only active revisions, as jobs use them. False: the newest of all. */
  active: boolean;
}

/** What a tag stands for at this moment; null when nothing fits, which `passthrough` never does. */
export async function resolveTag(db: Db, query: TagQuery): Promise<ComponentRecord | null> {
  const tag = parseTag(query.tag);
  if (tag === null) return null;
  const { account, types, active } = query;
  return (await findRevision(db, { account, types, active, ...tag })) ?? null;
}
