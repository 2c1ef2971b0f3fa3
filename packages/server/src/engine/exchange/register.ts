import { precondition, type RunnerRegistration, type RunnerWelcome } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { countRunnersOf, deleteRunner, lockRunner, saveRunner } from '../../store/runners.ts';
import type { RunnerRow } from '../../store/tables.ts';
import { endLeasesOf } from '../runners/end-leases.ts';
import { OWN_TOKEN, runnerIdOf, type RunnerTokenHolder } from '../runners/runner-token.ts';
import { refuseSharedTier } from '../shared-tier.ts';

/** Of one token; names that are made up anew at each start must not fill the tables. */
const MAX_RUNNERS = 1000;

/** A runner begins, or begins again: leases of its older incarnations end at once. */
export async function registerRunner(
  ctx: Context,
  registration: RunnerRegistration,
  token: RunnerTokenHolder = OWN_TOKEN,
): Promise<RunnerWelcome> {
  const id = runnerIdOf(token, registration.name);
  const { incarnation } = registration;
  const before = await save(ctx, id, registration, token);
  const draining = before !== undefined && before.draining !== 0;
  const runner = ctx.runners.register(registration, { id, token: token.id, draining }, ctx.now());
  try {
    await refuseSharedTier(ctx, runner);
  } catch (error) {
    ctx.runners.remove(id, incarnation);
    await ctx.store.transact((tx) =>
      before === undefined ? deleteRunner(tx, { id, incarnation }) : saveRunner(tx, before),
    );
    throw error;
  }
  await endLeasesOf(ctx, id, incarnation);
  ctx.signals.notify('runner');
  return {
    runnerId: id,
    now: ctx.now(),
    leaseMs: ctx.config.leaseMs,
    heartbeatMs: ctx.config.heartbeatMs,
    graceMs: ctx.config.graceMs,
  };
}

/** Known to all servers from here on; returns what was known of it before. */
async function save(
  ctx: Context,
  id: string,
  registration: RunnerRegistration,
  token: RunnerTokenHolder,
): Promise<RunnerRow | undefined> {
  const { incarnation, instance } = registration;
  const now = ctx.now();
  return ctx.store.transact(async (tx) => {
    const known = await lockRunner(tx, id);
    if (known === undefined && (await countRunnersOf(tx, token.id)) >= MAX_RUNNERS) {
      throw precondition(
        `runner ${id} is refused: ${MAX_RUNNERS} runners came with its token; remove some that are gone`,
      );
    }
    if (known !== undefined) refuseTwin(ctx, known, registration);
    const facts = JSON.stringify(registration);
    const times = { registered_at: now, seen_at: now };
    await saveRunner(tx, { id, token: token.id, incarnation, instance, facts, ...times });
    return known;
  });
}

/** Two hosts with one name would end each other's tasks for ever; one that began anew is the same place. */
function refuseTwin(ctx: Context, known: RunnerRow, { instance, host }: RunnerRegistration): void {
  if (instance === '' || known.instance === '' || known.instance === instance) return;
  const here = ctx.runners.find(known.id, known.incarnation);
  const silentMs = ctx.now() - Math.max(known.seen_at, here?.lastSeenAt ?? 0);
  if (silentMs > ctx.config.leaseMs) return;
  throw precondition(
    `runner ${known.id} is refused on ${host}: one of this name is connected from another place; ` +
      'give this one a name of its own (--name), or a token of its own',
  );
}
