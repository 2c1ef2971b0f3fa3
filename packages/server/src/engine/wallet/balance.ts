import { precondition, type JobConfig } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { byteChips } from '../../domain/price.ts';
import { roundMoney } from '../../domain/exchange.ts';
import { unpaidPriceOf } from '../../store/jobs.ts';
import { balanceOf } from '../../store/ledger.ts';
import type { Db } from '../../store/store.ts';
import type { Account } from '../auth/account.ts';

/** All in units of the book but what is due, which is in dollars. */
export interface Balance {
  account: string;
  total: number;
  available: number;
  due: number;
}

export async function viewBalance(ctx: Context, account: Pick<Account, 'id'>): Promise<Balance> {
  return readBalance(ctx, ctx.store.db, account.id);
}

async function readBalance(ctx: Context, db: Db, account: string): Promise<Balance> {
  const total = await balanceOf(db, account);
  const available = total - (await unpaidPriceOf(db, account));
  const rate = ctx.config.exchangeRates.get('USD') ?? 0;
  return { account, total, available, due: roundMoney(byteChips(Math.max(0, -total)) * rate) };
}

/** Refuses to run a job for an account without credit, where the operator wants that; a test job is free. */
export async function checkBalance(
  ctx: Context,
  db: Db,
  account: string,
  { isTestJob }: Pick<JobConfig, 'isTestJob'>,
): Promise<void> {
  if (!ctx.config.enforceBalance || isTestJob) return;
  const { available } = await readBalance(ctx, db, account);
  if (available <= 0) throw precondition('insufficient balance');
}
