/** Where accounts stand: what they had of late, what they hold, what is left of their limits. */
import type { Context } from '../../context.ts';
import {
  decayed,
  NOTHING_HELD,
  standingOf,
  type Held,
  type Usage,
} from '../../domain/fair-share.ts';
import { isLimited, limitsOf, roomOf, type Limits } from '../../domain/limits.ts';
import type { Share } from '../../domain/share-out.ts';
import {
  heldByAccount,
  limitsOfAccounts,
  lockClaims,
  readUsage,
  waitingAccounts,
} from '../../store/queue.ts';
import type { Db, Tx } from '../../store/store.ts';

export interface Standing extends Share {
  account: string;
  limits: Limits;
}

/** The accounts with waiting tasks, in the order in which they are served; `known`: what is held, where it was read. */
export async function waitingStandings(
  ctx: Context,
  db: Db = ctx.store.db,
  known: ReadonlyMap<string, Held> | null = null,
): Promise<Standing[]> {
  const accounts = (await waitingAccounts(db, ctx.now())).map(({ id, limits }) => ({
    account: id,
    limits: limitsOf(limits, ctx.config.userLimits),
  }));
  // Nobody to compare with and nothing to count against: the usual case, once per exchange.
  const isPlain = accounts.length < 2 && !accounts.some(({ limits }) => isLimited(limits));
  const held = known ?? (isPlain ? new Map<string, Held>() : await heldByAccount(db));
  const usage = isPlain ? new Map<string, Usage>() : await readUsage(db);
  return accounts
    .map((account) => standing(ctx, account, held, usage))
    .toSorted((a, b) => a.standing - b.standing);
}

/** Where these accounts stand, whether anything of theirs waits or not. */
export async function standingsOf(
  ctx: Context,
  accounts: ReadonlySet<string>,
): Promise<Standing[]> {
  const { db } = ctx.store;
  const held = await heldByAccount(db);
  const usage = await readUsage(db);
  const own = await limitsOfAccounts(db, [...accounts]);
  const standings = [...accounts].map((account) => {
    const limits = limitsOf(own.get(account) ?? null, ctx.config.userLimits);
    return standing(ctx, { account, limits }, held, usage);
  });
  return standings.toSorted((a, b) => a.standing - b.standing);
}

function standing(
  ctx: Context,
  { account, limits }: { account: string; limits: Limits },
  held: ReadonlyMap<string, Held>,
  usage: ReadonlyMap<string, Usage>,
): Standing {
  const { fairHalfLifeMs } = ctx.config;
  const holds = held.get(account) ?? NOTHING_HELD;
  const used = usage.get(account);
  const amount = used === undefined ? 0 : decayed(used, ctx.now(), fairHalfLifeMs);
  return {
    account,
    limits,
    standing: standingOf(amount, holds, fairHalfLifeMs),
    room: roomOf(limits, holds),
  };
}

/** The same accounts with the room that they have until the transaction ends. */
export async function withRoomNow(
  tx: Tx,
  standings: readonly Standing[],
): Promise<Map<string, Share>> {
  const limited = standings.filter(({ limits }) => isLimited(limits));
  await lockClaims(
    tx,
    limited.map(({ account }) => account),
  );
  const held = limited.length > 0 ? await heldByAccount(tx) : new Map<string, Held>();
  return new Map(
    standings.map(({ account, standing: at, limits }) => [
      account,
      { standing: at, room: roomOf(limits, held.get(account) ?? NOTHING_HELD) },
    ]),
  );
}
