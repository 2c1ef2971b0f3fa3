import type { Command } from 'commander';
import { addBalance } from './balance.ts';
import { addCheck } from './check.ts';
import { addCredit } from './credit.ts';
import { addRedeem } from './redeem.ts';
import { addTransactions } from './transactions.ts';

export function defineWallet(group: Command): void {
  for (const add of [addBalance, addTransactions, addRedeem, addCredit, addCheck]) add(group);
}
