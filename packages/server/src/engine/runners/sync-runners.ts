/**
 * What servers of one database tell each other of runners. A server writes when it last heard of its own, all
 * in one statement, and reads what the others wrote and the operator wants; nothing is written for an exchange.
 */
import type { Context } from '../../context.ts';
import { listKnownRunners, noteRunnersSeen } from '../../store/runners.ts';
import type { Runner } from '../runners.ts';
import { endLeasesOf } from './end-leases.ts';
import { forgetRunnerTokens } from './runner-token.ts';
import { toRunner } from './runner-view.ts';

const MAX_RUNNERS = 10_000;
/** Whoever was heard of within this time counts as heard of now. */
const RECENTLY_MS = 2000;

export async function syncRunners(ctx: Context): Promise<void> {
  // Those only that were known before the tables were read: one that registers meanwhile is not in doubt.
  const own = ctx.runners.own();
  await noteSeen(ctx, own);
  const rows = await listKnownRunners(ctx.store.db, MAX_RUNNERS);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const runner of own) {
    const row = byId.get(runner.id);
    if (row?.incarnation === runner.incarnation) runner.draining = row.draining !== 0;
    else ctx.runners.remove(runner.id, runner.incarnation);
    if (row === undefined || row.token_revoked_at !== null) await dismiss(ctx, runner);
  }
  const isHere = ({ id, incarnation }: Pick<Runner, 'id' | 'incarnation'>) =>
    ctx.runners.find(id, incarnation) !== undefined;
  const others = rows.filter((row) => row.token_revoked_at === null && !isHere(row));
  ctx.runners.setOthers(others.map(toRunner));
}

async function noteSeen(ctx: Context, own: readonly Runner[]): Promise<void> {
  const now = ctx.now();
  const recently = now - Math.max(RECENTLY_MS, 2 * ctx.config.heartbeatMs);
  const seen = own.filter(({ lastSeenAt }) => lastSeenAt >= recently);
  await noteRunnersSeen(
    ctx.store.db,
    seen.map(({ incarnation }) => incarnation),
    now,
  );
}

/** Removed, or its token was revoked, through another server: this one may have given it tasks meanwhile. */
async function dismiss(ctx: Context, runner: Runner): Promise<void> {
  forgetRunnerTokens(ctx.store);
  ctx.runners.remove(runner.id, runner.incarnation);
  await endLeasesOf(ctx, runner.id, null);
}
