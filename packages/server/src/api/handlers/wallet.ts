import { findUser } from '../../engine/auth/manage-users.ts';
import { getUser } from '../../engine/auth/user.ts';
import { viewBalance } from '../../engine/wallet/balance.ts';
import { checkLedger } from '../../engine/wallet/check-ledger.ts';
import { createCoupon, listCoupons, revokeCoupon } from '../../engine/wallet/coupons.ts';
import { creditAccount } from '../../engine/wallet/credit.ts';
import { filterTransactions, listTransactions } from '../../engine/wallet/list-transactions.ts';
import { redeemCoupon } from '../../engine/wallet/redeem-coupon.ts';
import { exchange } from '../../domain/exchange.ts';
import { shortDecimalOf } from '../../domain/price.ts';
import { genericResponse, type Handlers } from '../handler.ts';
import {
  presentBalance,
  presentCoupon,
  presentTransaction,
  presentTransactions,
  presentWalletAccount,
} from '../present-wallet.ts';
import { serviceInfo } from '../service-info.ts';
import { streamTransactionsCsv } from '../transactions-csv.ts';

export const walletHandlers: Handlers<'wallet'> = {
  Wallet_Info: () => serviceInfo(),

  async Wallet_GetAccount({ ctx, account }) {
    return { account: presentWalletAccount(await getUser(ctx, account)) };
  },
  async Wallet_GetBalance({ ctx, account }) {
    return presentBalance(await viewBalance(ctx, account));
  },
  async Wallet_ListTransactions({ ctx, account, query }) {
    return presentTransactions(await listTransactions(ctx, account, query));
  },
  async Wallet_FilterTransactions({ ctx, account, body }) {
    return presentTransactions(await filterTransactions(ctx, account, body));
  },
  Wallet_TransactionsCsv: streamTransactionsCsv,
  Wallet_ExchangeRate: ({ ctx, query }) => exchange(ctx.config.exchangeRates, query),

  async Wallet_RedeemCoupon({ ctx, account, body }) {
    const { id, code, amount } = await redeemCoupon(ctx, account, body.couponCode);
    return { id, code, amount: shortDecimalOf(amount) };
  },
  Wallet_PayoutHistory: ({ account }) => ({ accountId: account.id, payoutRequests: [] }),

  async Wallet_ListCoupons({ ctx, account, query }) {
    const { coupons, pagination } = await listCoupons(ctx, account, query);
    return { coupons: coupons.map(presentCoupon), pagination };
  },
  async Wallet_CreateCoupon({ ctx, account, body }) {
    return { coupon: presentCoupon(await createCoupon(ctx, account, body)) };
  },
  async Wallet_RevokeCoupon(call) {
    await revokeCoupon(call.ctx, call.account, call.params.id);
    return genericResponse(call);
  },
  async Wallet_CreditAccount({ ctx, account, params, body }) {
    return { transaction: presentTransaction(await creditAccount(ctx, account, params.id, body)) };
  },
  async Wallet_GetAccountBalance({ ctx, account, params }) {
    return presentBalance(await viewBalance(ctx, await findUser(ctx, account, params.id)));
  },
  async Wallet_ListAccountTransactions({ ctx, account, params, query }) {
    const user = await findUser(ctx, account, params.id);
    return presentTransactions(await listTransactions(ctx, user, query));
  },
  Wallet_CheckLedger: ({ ctx, account }) => checkLedger(ctx, account),
};
