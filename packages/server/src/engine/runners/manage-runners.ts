/** What administrators do with runners. */
import { notFound, precondition } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import {
  countTasksOf,
  deleteRunner,
  findRunner,
  listKnownRunners,
  setRunnerDraining,
  tasksByRunner,
  type KnownRunner,
} from '../../store/runners.ts';
import type { Account } from '../auth/account.ts';
import { requireAdmin } from '../auth/require-admin.ts';
import { endLeasesOf } from './end-leases.ts';
import { viewRunner, type RunnerView } from './runner-view.ts';

const MAX_LISTED = 10_000;

/** All of them, or those of a name or an id. */
export async function viewRunners(
  ctx: Context,
  admin: Account,
  name?: string,
): Promise<RunnerView[]> {
  requireAdmin(admin);
  const { db } = ctx.store;
  const tasks = await tasksByRunner(db);
  const rows = await listKnownRunners(db, MAX_LISTED);
  const views = rows.map((row) => viewRunner(ctx, row, tasks.get(row.id) ?? 0));
  return views.filter(
    ({ runner }) => name === undefined || [runner.id, runner.name].includes(name),
  );
}

export async function drainRunner(
  ctx: Context,
  admin: Account,
  id: string,
  reason: string,
): Promise<RunnerView> {
  requireAdmin(admin);
  await setDraining(ctx, id, { draining: true, reason });
  return viewOf(ctx, await runnerOf(ctx, id));
}

export async function resumeRunner(ctx: Context, admin: Account, id: string): Promise<RunnerView> {
  requireAdmin(admin);
  await setDraining(ctx, id, { draining: false, reason: '' });
  return viewOf(ctx, await runnerOf(ctx, id));
}

/**
 * Whether a runner is given tasks, until someone says otherwise: it outlives restarts of runner and server. What
 * a server grants that has not heard of it yet runs to its end, as what was granted before.
 */
export async function setDraining(
  ctx: Context,
  id: string,
  change: { draining: boolean; reason: string },
): Promise<void> {
  if (!(await setRunnerDraining(ctx.store.db, id, change))) throw notFound('runner');
  for (const runner of ctx.runners.own()) {
    if (runner.id === id) runner.draining = change.draining;
  }
  for (const topic of ['runner', 'runnable'] as const) ctx.signals.notify(topic);
}

/** Only one that is gone: one that is there would come back. */
export async function removeRunner(ctx: Context, admin: Account, id: string): Promise<void> {
  requireAdmin(admin);
  const row = await runnerOf(ctx, id);
  const { state } = await viewOf(ctx, row);
  if (state !== 'LOST') {
    throw precondition(
      `runner ${id} is connected: stop it there first, or revoke the token that it came with`,
    );
  }
  await ctx.store.transact((tx) => deleteRunner(tx, row));
  ctx.runners.remove(id, row.incarnation);
  ctx.signals.notify('runner');
  await endLeasesOf(ctx, id, null);
}

async function runnerOf(ctx: Context, id: string): Promise<KnownRunner> {
  const row = await findRunner(ctx.store.db, id);
  if (row === undefined) throw notFound('runner');
  return row;
}

async function viewOf(ctx: Context, row: KnownRunner): Promise<RunnerView> {
  return viewRunner(ctx, row, await countTasksOf(ctx.store.db, row.id));
}
