import { z } from 'zod';
import { PageQuery, Pagination, timestamp } from './common.ts';

export const TRANSACTION_TYPES = ['payment', 'topup', 'coupon'] as const;
export type TransactionType = (typeof TRANSACTION_TYPES)[number];

/** ByteChips, to 8 decimals. */
const byteChips = z.number();
/** At most 10 million: sums stay exact. */
const givenByteChips = z.number().max(10_000_000);

export const WalletAccount = z
  .object({
    id: z.string(),
    createdAt: timestamp,
    updatedAt: timestamp,
    ownerId: z.string(),
    accountType: z.string(),
    verified: z.boolean(),
    serviceAccount: z.boolean(),
    payments: z.boolean(),
    payouts: z.boolean(),
    name: z.string(),
    email: z.string(),
    tier: z.string(),
    revenueShare: z.number(),
    gracePeriodEndAt: timestamp,
    numberOfAppsAllowed: z.int(),
    externalId: z.string(),
  })
  .meta({ id: 'WalletAccount' });
export type WalletAccount = z.output<typeof WalletAccount>;
export const WalletAccountReply = z.object({ account: WalletAccount });

export const Balance = z
  .object({
    accountId: z.string(),
    totalBalance: byteChips,
    availableBalance: byteChips.describe("The total without what running jobs' tasks cost so far"),
    amountDue: z.number().describe('What a negative balance is worth, in US dollars'),
  })
  .meta({ id: 'Balance' });
export type Balance = z.output<typeof Balance>;

export const RelatedEntity = z
  .object({ type: z.string(), id: z.string(), name: z.string() })
  .meta({ id: 'RelatedEntity' });

export const RelatedEntityData = z
  .object({
    type: z.string(),
    id: z.string(),
    name: z.string(),
    jobName: z.string(),
    jobId: z.string(),
    description: z.string(),
    currency: z.string(),
    currencyAmount: z.number(),
    exchangeRate: z.number(),
    couponCode: z.string(),
    jobTemplate: z.string(),
  })
  .meta({ id: 'RelatedEntityData' });
export type RelatedEntityData = z.output<typeof RelatedEntityData>;

export const Transaction = z
  .object({
    id: z.string(),
    createdAt: timestamp,
    accountFrom: z.string(),
    accountTo: z.string(),
    amount: byteChips,
    transactionType: z.enum(TRANSACTION_TYPES),
    relatedEntity: RelatedEntity,
    notes: z.string(),
    transactionData: z.string(),
    hash: z.string().describe('Hex SHA-256 of the transaction and the hash before it'),
    relatedEntityData: RelatedEntityData,
    description: z.string(),
    balance: byteChips.describe('Of the account, after it'),
  })
  .meta({ id: 'Transaction' });
export type Transaction = z.output<typeof Transaction>;

export const TransactionList = z.object({ pagination: Pagination, data: z.array(Transaction) });
export const TransactionReply = z.object({ transaction: Transaction });
export const TransactionsCsv = z.object({ csv: z.string() });

const amountOfMoney = z.number().min(0).max(1e12);

export const ExchangeRateQuery = z.object({
  currency: z.string().optional(),
  amount: amountOfMoney.optional(),
  currencyAmount: amountOfMoney.optional(),
});
export type ExchangeRateQuery = z.output<typeof ExchangeRateQuery>;

export const ExchangeRate = z
  .object({
    currency: z.string(),
    currencyAmount: z.number(),
    exchangeRate: z.number().describe('Currency per ByteChip'),
    amount: byteChips,
  })
  .meta({ id: 'ExchangeRate' });
export type ExchangeRate = z.output<typeof ExchangeRate>;

export const RedeemCouponInput = z.object({ couponCode: z.string().trim().min(1, 'is required') });
export const RedeemCouponReply = z.object({
  id: z.string(),
  code: z.string(),
  amount: z.string().describe('ByteChips'),
});

export const PayoutHistoryQuery = PageQuery.pick({ limit: true, offset: true });
export const PayoutRequest = z
  .object({
    id: z.string(),
    createdAt: timestamp,
    updatedAt: timestamp,
    ownerId: z.string(),
    accountId: z.string(),
    amount: z.string(),
    currency: z.string(),
    currencyAmount: z.string(),
    exchangeRate: z.number(),
    state: z.enum([
      'NEW',
      'PENDING_VERIFICATION',
      'INFO_REQUIRED',
      'SENT',
      'CONFIRMED',
      'BOUNCED',
      'FAILED',
    ]),
    payoutProfileId: z.string(),
    sentAt: timestamp,
    confirmedAt: timestamp,
  })
  .meta({ id: 'PayoutRequest' });
export const PayoutHistory = z.object({
  accountId: z.string(),
  payoutRequests: z.array(PayoutRequest),
});

export const CreditInput = z.object({
  amount: givenByteChips.min(-10_000_000).describe('ByteChips; below zero takes credit back'),
  notes: z.string().max(1024).optional(),
});
export type CreditInput = z.output<typeof CreditInput>;

export const Coupon = z
  .object({
    id: z.string(),
    code: z.string(),
    amount: byteChips,
    maxUses: z.int().describe('How many accounts can redeem it, each once'),
    uses: z.int(),
    notes: z.string(),
    createdAt: timestamp,
    expiresAt: timestamp,
    revoked: z.boolean(),
  })
  .meta({ id: 'Coupon' });
export type Coupon = z.output<typeof Coupon>;

export const CreateCouponInput = z.object({
  amount: givenByteChips.min(1e-8),
  code: z
    .string()
    .trim()
    .regex(/^(?:[A-Za-z0-9-]{6,64})?$/, 'must be 6 to 64 letters, digits or "-"')
    .optional()
    .describe('In any case; a random one when empty'),
  maxUses: z.int().min(1).max(1_000_000).optional().describe('1 when absent'),
  expiresAt: z.string().optional().describe('RFC 3339; never when absent'),
  notes: z.string().max(1024).optional(),
});
export type CreateCouponInput = z.output<typeof CreateCouponInput>;
export const CouponReply = z.object({ coupon: Coupon });
export const CouponList = z.object({ coupons: z.array(Coupon), pagination: Pagination });

export const LedgerCheck = z
  .object({
    ok: z.boolean(),
    transactions: z.int(),
    head: z.string().describe('Hash of the last transaction'),
    problems: z.array(z.string()).describe('The first of them'),
  })
  .meta({ id: 'LedgerCheck' });
export type LedgerCheck = z.output<typeof LedgerCheck>;
