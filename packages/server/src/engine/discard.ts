import { insertGarbage } from '../store/records.ts';
import type { Tx } from '../store/store.ts';

/** Longer than any upload or report that began before a prefix died can take to arrive. */
const LATE_MS = 24 * 3600 * 1000;

/** Names a prefix as garbage, in the transaction that makes it dead: it is swept now, and for what comes late. */
export async function discardPrefix(tx: Tx, prefix: string, now: number): Promise<void> {
  await insertGarbage(tx, prefix, now);
  await insertGarbage(tx, prefix, now + LATE_MS);
}
