/** The wallet's objects as replies show them. */
import type {
  Balance,
  Coupon,
  RelatedEntityData,
  Transaction,
  WalletAccount,
} from '@bytenite/contract';
import { byteChips } from '../domain/price.ts';
import type { UserView } from '../engine/auth/user.ts';
import type { Balance as BalanceView } from '../engine/wallet/balance.ts';
import type { CouponRow } from '../engine/wallet/coupons.ts';
import type { AccountTransaction, TransactionPage } from '../engine/wallet/list-transactions.ts';
import { timestampOf } from './time.ts';

export function presentBalance({ account, total, available, due }: BalanceView): Balance {
  return {
    accountId: account,
    totalBalance: byteChips(total),
    availableBalance: byteChips(available),
    amountDue: due,
  };
}

/** Without a payment provider there is nothing to verify, no tier and nothing to pay out. */
export function presentWalletAccount({ row, doc }: UserView): WalletAccount {
  return {
    id: row.id,
    createdAt: timestampOf(row.created_at),
    updatedAt: null,
    ownerId: row.id,
    accountType: 'user',
    verified: false,
    serviceAccount: false,
    payments: false,
    payouts: false,
    name: doc.displayName || row.user_name,
    email: doc.email,
    tier: '',
    revenueShare: 0,
    gracePeriodEndAt: null,
    numberOfAppsAllowed: 0,
    externalId: '',
  };
}

/** `relatedEntity.type` of what each type of transaction was for. */
const ENTITY_TYPES = { payment: 'job', topup: '', coupon: 'coupon' } as const;

export function presentTransaction(row: AccountTransaction): Transaction {
  return {
    id: row.id,
    createdAt: timestampOf(row.created_at),
    accountFrom: row.account_from,
    accountTo: row.account_to,
    amount: byteChips(row.amount),
    transactionType: row.type,
    relatedEntity: { type: ENTITY_TYPES[row.type], id: row.entity_id, name: row.entity_name },
    notes: row.notes,
    transactionData: '',
    hash: row.hash,
    relatedEntityData: presentEntityData(row),
    description: row.description,
    balance: byteChips(row.balance),
  };
}

export function presentTransactions({ pagination, transactions }: TransactionPage) {
  return { pagination, data: transactions.map(presentTransaction) };
}

function presentEntityData(row: AccountTransaction): RelatedEntityData {
  const isJob = row.type === 'payment';
  return {
    type: row.type,
    id: row.entity_id,
    name: row.entity_name,
    jobName: isJob ? row.entity_name : '',
    jobId: isJob ? row.entity_id : '',
    description: '',
    // Only a payment provider would have moved money.
    currency: '',
    currencyAmount: 0,
    exchangeRate: 0,
    couponCode: row.type === 'coupon' ? row.entity_name : '',
    jobTemplate: row.template,
  };
}

export function presentCoupon(row: CouponRow): Coupon {
  return {
    id: row.id,
    code: row.code,
    amount: byteChips(row.amount),
    maxUses: row.max_uses,
    uses: row.uses,
    notes: row.notes,
    createdAt: timestampOf(row.created_at),
    expiresAt: timestampOf(row.expires_at),
    revoked: row.revoked_at !== null,
  };
}
