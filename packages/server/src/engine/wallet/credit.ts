import { invalid, notFound, precondition, type CreditInput } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import { MAX_BALANCE } from '../../domain/ledger.ts';
import { unitsOf } from '../../domain/price.ts';
import { findAccount } from '../../store/accounts.ts';
import { bookTransaction, type Booked, type NewTransaction } from '../../store/ledger.ts';
import type { Tx } from '../../store/store.ts';
import type { AccountTransaction } from '../../store/transaction-list.ts';
import type { Account } from '../auth/account.ts';
import { requireAdmin } from '../auth/require-admin.ts';

/** An administrator gives an account ByteChips; an amount below zero takes some back. */
export async function creditAccount(
  ctx: Context,
  admin: Account,
  id: string,
  { amount, notes = '' }: CreditInput,
): Promise<AccountTransaction> {
  requireAdmin(admin);
  const units = unitsOf(amount);
  if (units === 0) {
    const description = 'must be at least 0.00000001, or below zero to take credit back';
    throw invalid(`amount ${description}`, [{ field: 'amount', description }]);
  }
  return ctx.store.transact(async (tx) => {
    if ((await findAccount(tx, id)) === undefined) throw notFound('account');
    const { row, balance } = await bookCredit(tx, {
      id: uuidv7(),
      created_at: ctx.now(),
      type: 'topup',
      account: id,
      amount: units,
      description: units > 0 ? 'Credit by an administrator' : 'Credit taken back',
      notes,
      entity_id: '',
      entity_name: '',
    });
    return { ...row, balance };
  });
}

type Credit = Omit<NewTransaction, 'direction' | 'template' | 'job' | 'run'>;

/** Books credit from the platform, within what the book can hold exactly. */
export async function bookCredit(tx: Tx, credit: Credit): Promise<Booked> {
  const booked = await bookTransaction(tx, {
    ...credit,
    direction: 'from platform',
    template: '',
    job: null,
    run: null,
  });
  if (Math.max(Math.abs(booked.balance), Math.abs(booked.platformBalance)) > MAX_BALANCE) {
    throw precondition('the book holds at most 40000000 ByteChips of credit in all');
  }
  return booked;
}
