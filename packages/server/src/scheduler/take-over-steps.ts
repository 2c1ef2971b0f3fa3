/**
 * Steps of a server that is dead need not wait until their deadline. Each server shows that it is there by a lock
 * of the connection on which it listens, which ends with it. A connection that was only cut is made anew within a
 * second, so whoever was missed several times in a row is dead. If it is not, its steps' fences keep it from
 * committing, and what it still writes are the same bytes under the same names: a delivery of another run waits
 * for the deadline all the same.
 */
import { randomUUID } from 'node:crypto';
import type { Context } from '../context.ts';
import { busyStepOwners, releaseStepsOf } from '../store/steps.ts';
import type { SharedStore } from '../store/store.ts';

export const HEIR_MS = 1000;
/** Looks at which an owner was missed, one after the other. */
const LOOKS = 3;

/** A name that tells which server it is of. */
export function stepOwner(shared: SharedStore | null): string {
  return shared === null ? randomUUID() : `${shared.self}.${randomUUID()}`;
}

/** Makes the round that frees the steps of the dead. */
export function createHeir({ store, now, signals, logger }: Context): () => Promise<boolean> {
  const { shared, db } = store;
  if (shared === null) return () => Promise.resolve(false);
  let missed = new Map<string, number>();
  return async () => {
    const before = missed;
    // What was seen before an error says nothing: the database itself may have been away.
    missed = new Map();
    const owners = await busyStepOwners(db, now());
    if (owners.length === 0) return false;
    const present = await shared.present();
    const absent = owners.filter((owner) => !present.has(Number(owner.split('.')[0])));
    missed = new Map(absent.map((owner) => [owner, (before.get(owner) ?? 0) + 1]));
    const dead = absent.filter((owner) => (missed.get(owner) ?? 0) >= LOOKS);
    if (dead.length === 0) return false;
    logger.warn({ owners: dead }, 'steps of a server that is gone are taken over');
    await releaseStepsOf(db, dead);
    signals.notify('step');
    return false;
  };
}
