/**
 * The `process` tier does not keep the tasks of different accounts apart, and a stronger one not wholly
 * where its tasks use the host's own network: they reach its loopback, and each other. The server alone knows both
 * sides, so it alone refuses: a second account while such a runner is known, and such a runner while there
 * is more than one account, or while others than this machine can reach the server. Each side takes effect
 * before it looks at the other, so that none slips by.
 */
import { precondition, type RunnerRegistration } from '@bytenite/contract';
import type { Context } from '../context.ts';
import { countAccounts } from '../store/accounts.ts';
import { listKnownRunners } from '../store/runners.ts';
import type { Db } from '../store/store.ts';
import { toRunner } from './runners/runner-view.ts';
import type { Runner } from './runners.ts';

const MAX_RUNNERS = 10_000;

function isWeak({ tier, network }: RunnerRegistration): boolean {
  return tier === 'process' || (tier !== 'null' && network === 'host');
}

function describeTier({ tier }: RunnerRegistration): string {
  return tier === 'process' ? 'process tier' : `${tier} tier with the host's network`;
}

const HOW_TO_ALLOW =
  'if all users may see and change what the others run, start the platform with --allow-shared-process-tier';

/** Within the transaction that has made an account. */
export async function refuseSharedTierOfRunners(ctx: Context, db: Db): Promise<void> {
  if (ctx.config.allowSharedProcessTier || (await countAccounts(db)) < 2) return;
  const weak = (await livingRunners(ctx, db)).find(isWeak);
  if (weak === undefined) return;
  throw precondition(
    `a second user is refused: runner ${weak.name} runs tasks in the ${describeTier(weak)}, ` +
      `which does not keep users apart; ${HOW_TO_ALLOW}`,
  );
}

/** Those of other servers are looked up: one may have come a moment ago. */
async function livingRunners(ctx: Context, db: Db): Promise<Runner[]> {
  const now = ctx.now();
  const here = ctx.runners.list(now);
  if (ctx.store.shared === null) return here;
  const known = (await listKnownRunners(db, MAX_RUNNERS)).map(toRunner);
  return [...here, ...known.filter((runner) => !ctx.runners.isSilent(runner, now))];
}

/** After the runner has become known. */
export async function refuseSharedTier(ctx: Context, runner: RunnerRegistration): Promise<void> {
  const { name } = runner;
  const { allowSharedProcessTier, host } = ctx.config;
  if (allowSharedProcessTier || !isWeak(runner)) return;
  if (!isLoopback(host)) {
    throw precondition(
      `runner ${name} is refused: the server listens on ${host}, where others can reach it, and the ` +
        `${describeTier(runner)} does not keep what they run from this machine; listen on 127.0.0.1 (a proxy on ` +
        'this machine can let others in), or, if you trust everyone who has a key, start the platform with ' +
        '--allow-shared-process-tier',
    );
  }
  const count = await countAccounts(ctx.store.db);
  if (count < 2) return;
  throw precondition(
    `runner ${name} is refused: its ${describeTier(runner)} does not keep the ${count} users of this ` +
      `platform apart; ${HOW_TO_ALLOW}`,
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
