/** What administrators do with the tokens that runners join with. */
import { ApiError, notFound, precondition, type CreateRunnerTokenInput } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import {
  countUsableRunnerTokens,
  endRunnerToken,
  insertRunnerToken,
  listRunnerTokens,
} from '../../store/runner-tokens.ts';
import { runnersOf } from '../../store/runners.ts';
import type { RunnerTokenRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { requireAdmin } from '../auth/require-admin.ts';
import { fingerprintOf, hashOf, newSecret } from '../auth/tokens.ts';
import { endLeasesOf } from './end-leases.ts';
import { forgetRunnerTokens } from './runner-token.ts';

const MAX_USABLE = 1000;
const MAX_LISTED = 10_000;

export type RunnerTokenView = RunnerTokenRow & { runners: number };

export interface NewRunnerToken {
  /** The token itself, which is told this once. */
  secret: string;
  view: RunnerTokenView;
}

export async function createRunnerToken(
  ctx: Context,
  admin: Account,
  { name }: CreateRunnerTokenInput,
): Promise<NewRunnerToken> {
  requireAdmin(admin);
  const secret = newSecret();
  const hash = hashOf(secret);
  const row: RunnerTokenRow = {
    id: uuidv7(),
    name,
    hash,
    fingerprint: fingerprintOf(hash),
    created_at: ctx.now(),
    revoked_at: null,
  };
  await ctx.store.transact(async (tx) => {
    if ((await countUsableRunnerTokens(tx)) >= MAX_USABLE) {
      throw precondition(`there are at most ${MAX_USABLE} runner tokens in use, revoke one first`);
    }
    if (await insertRunnerToken(tx, row)) return;
    throw new ApiError(
      'ALREADY_EXISTS',
      `a runner token named ${name} is in use: choose another name, or revoke that one first`,
    );
  });
  return { secret, view: { ...row, runners: 0 } };
}

export async function viewRunnerTokens(ctx: Context, admin: Account): Promise<RunnerTokenView[]> {
  requireAdmin(admin);
  return listRunnerTokens(ctx.store.db, MAX_LISTED);
}

/** Its runners are refused from now on, and what they hold ends at once. */
export async function revokeRunnerToken(ctx: Context, admin: Account, id: string): Promise<void> {
  requireAdmin(admin);
  const isThere = await ctx.store.transact((tx) => endRunnerToken(tx, id, ctx.now()));
  if (!isThere) throw notFound('runner token');
  forgetRunnerTokens(ctx.store);
  for (const { id: runner, token, incarnation } of ctx.runners.own()) {
    if (token === id) ctx.runners.remove(runner, incarnation);
  }
  // Another server that has not heard of it yet looks after what it gave them meanwhile, see sync-runners.
  ctx.signals.notify('runner');
  for (const runner of await runnersOf(ctx.store.db, id)) await endLeasesOf(ctx, runner, null);
}
