/**
 * What a transaction does last, whatever has happened in it: the book is locked after all jobs, and a job is
 * paid at the price that it has when everything about it is settled.
 */
import type { Tx } from './store.ts';

type Closing = (tx: Tx) => Promise<void>;

const closings = new WeakMap<Tx, Map<string, Closing>>();

/** Runs `closing` once at the end of the transaction; asked for again by the same name, once all the same. */
export function beforeCommit(tx: Tx, name: string, closing: Closing): void {
  let ofTx = closings.get(tx);
  if (ofTx === undefined) closings.set(tx, (ofTx = new Map()));
  ofTx.set(name, closing);
}

export async function runBeforeCommit(tx: Tx): Promise<void> {
  for (const closing of closings.get(tx)?.values() ?? []) await closing(tx);
}
