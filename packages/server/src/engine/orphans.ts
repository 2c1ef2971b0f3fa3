/**
 * Orphans: objects that no row names, such as those of a server that died between writing one and the
 * commit of its row. What waits in `gc` is none: it is deleted in its time.
 */
import type { Context } from '../context.ts';
import { garbageAmong, isAnyNamedBelow, unnamedAmong } from '../store/named-blobs.ts';
import { isLastTry } from '../store/steps.ts';
import { placeOf, prefixesOf, type BlobPlace, type StepTry } from './blob-places.ts';
import { groupBy } from './group-by.ts';

/** What this process has done about orphans since it started. */
export interface OrphanTally {
  removed: number;
  bytes: number;
  /** Times that it has seen the whole blob store. */
  sweeps: number;
}

export function newOrphanTally(): OrphanTally {
  return { removed: 0, bytes: 0, sweeps: 0 };
}

interface Placed {
  key: string;
  place: BlobPlace;
}

/** Those of some keys that no row names; what another version may have written is left alone. */
export async function orphansAmong(ctx: Context, keys: readonly string[]): Promise<string[]> {
  // First: the transaction that takes a name off this list gives the object to another row.
  const garbage = await garbageAmong(ctx.store.db, [
    ...new Set(keys.flatMap((key) => prefixesOf(key))),
  ]);
  const placed = keys.flatMap((key) => {
    const place = placeOf(key);
    if (place === null || prefixesOf(key).some((prefix) => garbage.has(prefix))) return [];
    return [{ key, place }];
  });
  const orphans: string[] = [];
  for (const [job, objects] of groupBy(placed, ({ place }) => place.job)) {
    orphans.push(...(await unnamedOf(ctx, job, objects)));
  }
  return orphans;
}

async function unnamedOf(ctx: Context, job: number, objects: Placed[]): Promise<string[]> {
  const single = objects.filter(({ place }) => place.step === null).map(({ key }) => key);
  const unnamed = [...(await unnamedAmong(ctx.store.reads, job, single))];
  const tries = groupBy(objects, ({ place }) => place.step?.folder ?? '');
  for (const written of tries.values()) {
    const step = written[0]?.place.step ?? null;
    if (step === null || (await isNeeded(ctx, job, step))) continue;
    unnamed.push(...written.map(({ key }) => key));
  }
  return unnamed;
}

async function isNeeded(ctx: Context, job: number, step: StepTry): Promise<boolean> {
  // In this order: the transaction that ends a step is the one that names what it wrote.
  return (
    (await isLastTry(ctx.store.db, { ...step, job })) ||
    isAnyNamedBelow(ctx.store.reads, job, step.folder)
  );
}
