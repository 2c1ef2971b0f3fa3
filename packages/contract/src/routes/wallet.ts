import { z } from 'zod';
import { defineRoutes } from '../route.ts';
import { PageInput, PageQuery, ServiceInfo } from '../shapes/common.ts';

/** Without a payment provider these calls have nothing to do. */
const unpaid = { done: false, refusal: 'payments are not configured' } as const;

export const walletRoutes = defineRoutes({
  Wallet_Info: {
    method: 'GET',
    path: '/info',
    summary: 'Version of the service',
    done: true,
    open: true,
    reply: ServiceInfo,
  },
  Wallet_GetAccount: { method: 'GET', path: '/account', summary: 'The account', done: false },
  Wallet_GetBalance: { method: 'GET', path: '/balance', summary: 'The balance', done: false },
  Wallet_ListTransactions: {
    method: 'GET',
    path: '/transactions',
    summary: 'Transactions, newest first',
    done: false,
    query: PageQuery,
  },
  Wallet_FilterTransactions: {
    method: 'POST',
    path: '/transactions/filter',
    summary: 'Transactions by conditions',
    done: false,
    body: PageInput,
  },
  Wallet_TransactionsCsv: {
    method: 'GET',
    path: '/transactions/csv',
    summary: 'Transactions as CSV',
    done: false,
  },
  Wallet_ExchangeRate: {
    method: 'GET',
    path: '/exchange_rate',
    summary: 'Currency per ByteChip',
    done: false,
    query: z.object({
      currency: z.string().optional(),
      amount: z.number().optional(),
      currencyAmount: z.number().optional(),
    }),
  },
  Wallet_RedeemCoupon: {
    method: 'POST',
    path: '/redeem_coupon',
    summary: 'Redeem a coupon',
    done: false,
  },
  Wallet_TopUp: {
    method: 'POST',
    path: '/top_up',
    summary: 'Needs a payment provider',
    ...unpaid,
  },
  Wallet_CancelTopUp: {
    method: 'POST',
    path: '/cancel_top_up',
    summary: 'Needs a payment provider',
    ...unpaid,
  },
  Wallet_BillingPortal: {
    method: 'GET',
    path: '/billing_portal',
    summary: 'Needs a payment provider',
    ...unpaid,
  },
  Wallet_Payout: {
    method: 'POST',
    path: '/payout',
    summary: 'Needs a payment provider',
    ...unpaid,
  },
  Wallet_PayoutHistory: { method: 'GET', path: '/payout_history', summary: 'Payouts', done: false },
  Wallet_ForcefulBalanceRecovery: {
    method: 'POST',
    path: '/triggers/forceful_balance_recovery',
    summary: 'Needs a payment provider',
    ...unpaid,
  },
});
