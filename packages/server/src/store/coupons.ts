import type { Db, Tx } from './store.ts';
import type { CouponRow } from './tables.ts';

export async function insertCoupon(tx: Tx, row: CouponRow): Promise<void> {
  await tx.insertInto('coupon').values(row).execute();
}

export async function findCouponByCode(db: Db, code: string): Promise<CouponRow | undefined> {
  return db.selectFrom('coupon').selectAll().where('code', '=', code).executeTakeFirst();
}

/** A page of all coupons in the order of their making, and how many there are. */
export async function listCoupons(
  db: Db,
  { limit, offset, descending }: { limit: number; offset: number; descending: boolean },
): Promise<{ rows: CouponRow[]; total: number }> {
  const rows = await db
    .selectFrom('coupon')
    .selectAll()
    .orderBy('created_at', descending ? 'desc' : 'asc')
    .orderBy('id', descending ? 'desc' : 'asc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { n } = await db
    .selectFrom('coupon')
    .select((e) => e.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return { rows, total: n };
}

/** False when there is no such coupon; one that is revoked stays so. */
export async function revokeCoupon(tx: Tx, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('coupon')
    .set((e) => ({ revoked_at: e.fn.coalesce('revoked_at', e.val(now)) }))
    .where('id', '=', id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Takes one of a coupon's uses, which locks it; false when none is left or it has ended. */
export async function takeUse(tx: Tx, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('coupon')
    .set((e) => ({ uses: e('uses', '+', 1) }))
    .where('id', '=', id)
    .whereRef('uses', '<', 'max_uses')
    .where('revoked_at', 'is', null)
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function hasRedeemed(db: Db, coupon: string, account: string): Promise<boolean> {
  const row = await db
    .selectFrom('redemption')
    .select('no')
    .where('coupon', '=', coupon)
    .where('account', '=', account)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertRedemption(
  tx: Tx,
  row: { coupon: string; account: string; no: number },
): Promise<void> {
  await tx.insertInto('redemption').values(row).execute();
}
