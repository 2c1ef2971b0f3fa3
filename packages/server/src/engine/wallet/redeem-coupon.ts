import { notFound, precondition } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import { findCouponByCode, hasRedeemed, insertRedemption, takeUse } from '../../store/coupons.ts';
import type { CouponRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { codeOf } from './coupons.ts';
import { bookCredit } from './credit.ts';

/** Credits what a coupon is worth: each account once, all accounts together as often as it was made for. */
export async function redeemCoupon(
  ctx: Context,
  account: Pick<Account, 'id'>,
  code: string,
): Promise<CouponRow> {
  return ctx.store.transact(async (tx) => {
    const now = ctx.now();
    const coupon = await findCouponByCode(tx, codeOf(code));
    // One that an administrator took back is as if it had never been.
    if (coupon === undefined || coupon.revoked_at !== null) throw notFound('coupon');
    if (coupon.expires_at !== null && coupon.expires_at <= now) {
      throw precondition('coupon has expired');
    }
    // Taking a use locks the coupon, so the same account cannot be redeeming it a second time meanwhile.
    const isTaken = await takeUse(tx, coupon.id, now);
    if (!isTaken || (await hasRedeemed(tx, coupon.id, account.id))) throw precondition(USED);
    const { row } = await bookCredit(tx, {
      id: uuidv7(),
      created_at: now,
      type: 'coupon',
      account: account.id,
      amount: coupon.amount,
      description: `Coupon ${coupon.code}`,
      notes: '',
      entity_id: coupon.id,
      entity_name: coupon.code,
    });
    await insertRedemption(tx, { coupon: coupon.id, account: account.id, no: row.no });
    return coupon;
  });
}

const USED = 'coupon has already been used';
