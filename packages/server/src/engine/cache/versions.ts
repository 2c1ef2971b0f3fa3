/** The versions of caches: asked for with every grant, so a server that is alone keeps them at hand. */
import { FIRST_VERSION } from '@bytenite/contract';
import { LRUCache } from 'lru-cache';
import { findCaches, versionOf } from '../../store/caches.ts';
import type { Store } from '../../store/store.ts';

interface Known {
  versions: LRUCache<string, string>;
  /** What was read before the last change may not be true any more. */
  changes: number;
}

const KEPT = 10_000;
const stores = new WeakMap<Store, Known>();

export async function versionsOf(
  store: Store,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const known = knownOf(store);
  const versions = new Map<string, string>();
  for (const id of ids) {
    const version = known?.versions.get(id);
    if (version !== undefined) versions.set(id, version);
  }
  const missing = ids.filter((id) => !versions.has(id));
  if (missing.length === 0) return versions;
  const changes = known?.changes;
  for (const cache of await findCaches(store.db, missing)) versions.set(cache.id, versionOf(cache));
  for (const id of missing) {
    const version = versions.get(id) ?? FIRST_VERSION;
    versions.set(id, version);
    if (known?.changes === changes) known?.versions.set(id, version);
  }
  return versions;
}

/** To be called when a change has been committed, before anybody is told of it. */
export function noteCacheChange(store: Store, id: string): void {
  const known = knownOf(store);
  if (known === null) return;
  known.changes += 1;
  known.versions.delete(id);
}

/** Null where other servers change caches, too. */
function knownOf(store: Store): Known | null {
  if (store.shared !== null) return null;
  let known = stores.get(store);
  if (known === undefined) {
    known = { versions: new LRUCache<string, string>({ max: KEPT }), changes: 0 };
    stores.set(store, known);
  }
  return known;
}
