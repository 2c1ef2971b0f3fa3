import type { Context } from '../../context.ts';
import { addHeld, loadOf } from '../../domain/fair-share.ts';
import { heldByAccount, readUsage, saveUsage } from '../../store/queue.ts';

/** What is held is taken to have been held for at most this long before it was looked at. */
const LONGEST_GAP_MS = 10_000;

/**
 * Adds what each account holds to its usage, as held since the last look. Done every second; what begins
 * and ends in between is met as often as it is there, so short tasks are counted rightly too.
 */
export async function countUsage(ctx: Context): Promise<boolean> {
  const { db } = ctx.store;
  const held = await heldByAccount(db);
  if (held.size === 0) return false;
  const usage = await readUsage(db);
  const now = ctx.now();
  const next = [...held].map(([account, holds]) => {
    const seen = usage.get(account) ?? null;
    // Of what came before nothing is known: the account may have been idle, or no server was there.
    const since = Math.max(seen?.at ?? now - COUNT_EVERY_MS, now - LONGEST_GAP_MS);
    const base = seen === null ? { amount: 0, at: since } : addHeld(seen, 0, since, halfLife(ctx));
    return {
      account,
      seen,
      usage: addHeld({ ...base, at: since }, loadOf(holds), now, halfLife(ctx)),
    };
  });
  // One commit for all of them, in an order in which no two servers wait for each other.
  await ctx.store.transact(async (tx) => {
    for (const row of next.toSorted(byAccount))
      await saveUsage(tx, row.account, row.seen, row.usage);
  });
  return false;
}

function byAccount(a: { account: string }, b: { account: string }): number {
  return a.account < b.account ? -1 : 1;
}

export const COUNT_EVERY_MS = 1000;

function halfLife(ctx: Context): number {
  return ctx.config.fairHalfLifeMs;
}
