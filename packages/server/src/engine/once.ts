/**
 * Calls with an Idempotency-Key have their effect once, however often they are sent. The key's row is
 * written first, in the transaction that has the effect, and the reply last: both are there or neither is.
 * Errors are not stored, so that a call that was refused can be sent again.
 */
import { ApiError } from '@bytenite/contract';
import type { Context } from '../context.ts';
import { deleteIdemBefore, findIdem, insertIdem, saveIdemReply } from '../store/idem.ts';
import type { Tx } from '../store/store.ts';

const KEPT_MS = 24 * 3600 * 1000;

export interface OnceKey {
  account: string;
  /** Of the call, in one spelling. */
  path: string;
  key: string;
  bodyHash: string;
}

/** A call that is made once, and how the reply to what it did is written. */
export interface Once<T> {
  key: OnceKey;
  replyOf: (result: T) => string;
}

/** Another call with the same key had its effect meanwhile: its reply is the reply. */
export class AlreadyDone extends Error {
  override readonly name = 'AlreadyDone';
}

/** The reply of an earlier call with this key; null when there was none. */
export async function findReply(ctx: Context, key: OnceKey): Promise<string | null> {
  const found = await findIdem(ctx.store.db, key, ctx.now() - KEPT_MS);
  if (found === undefined) return null;
  if (found.body_hash === key.bodyHash) return found.reply;
  throw new ApiError(
    'ABORTED',
    `the Idempotency-Key ${key.key} was used with another body; use a new key for another request`,
  );
}

/** A transaction that commits once per key. */
export async function transactOnce<T>(
  ctx: Context,
  once: Once<T> | null,
  body: (tx: Tx) => Promise<T>,
): Promise<T> {
  if (once === null) return ctx.store.transact(body);
  const { account, path, key, bodyHash } = once.key;
  return ctx.store.transact(async (tx) => {
    const now = ctx.now();
    const row = { account, path, key, body_hash: bodyHash, reply: '', created_at: now };
    if (!(await insertIdem(tx, row, now - KEPT_MS))) throw new AlreadyDone();
    const result = await body(tx);
    await saveIdemReply(tx, once.key, once.replyOf(result));
    return result;
  });
}

/** Forgets keys that had their time. */
export async function forgetKeys(ctx: Context): Promise<void> {
  await deleteIdemBefore(ctx.store.db, ctx.now() - KEPT_MS);
}
