/** Coupons as administrators make them. */
import { randomInt } from 'node:crypto';
import {
  ApiError,
  invalid,
  notFound,
  type CreateCouponInput,
  type PageQuery,
  type Pagination,
} from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import { unitsOf } from '../../domain/price.ts';
import { parseTime, TIME_FORM } from '../../domain/time.ts';
import {
  findCouponByCode,
  insertCoupon,
  listCoupons as listRows,
  revokeCoupon as revokeRow,
} from '../../store/coupons.ts';
import type { CouponRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { requireAdmin } from '../auth/require-admin.ts';
import { newestFirst, pageOf, paginationOf } from '../page.ts';

export type { CouponRow };

export async function createCoupon(
  ctx: Context,
  admin: Account,
  input: CreateCouponInput,
): Promise<CouponRow> {
  requireAdmin(admin);
  const now = ctx.now();
  const row: CouponRow = {
    id: uuidv7(),
    code: codeOf(input.code ?? '') || randomCode(),
    amount: unitsOf(input.amount),
    max_uses: input.maxUses ?? 1,
    uses: 0,
    notes: input.notes ?? '',
    created_at: now,
    expires_at: expiryOf(input.expiresAt, now),
    revoked_at: null,
  };
  await ctx.store.transact(async (tx) => {
    // Of two at once the second is begun again, and then finds the first.
    if (await findCouponByCode(tx, row.code)) {
      throw new ApiError('ALREADY_EXISTS', `there is a coupon ${row.code} already`);
    }
    await insertCoupon(tx, row);
  });
  return row;
}

function expiryOf(text: string | undefined, now: number): number | null {
  if (text === undefined || text === '') return null;
  const at = parseTime(text);
  const description = at === null ? TIME_FORM : at <= now ? 'must be in the future' : null;
  if (description === null) return at;
  throw invalid(`expiresAt ${description}`, [{ field: 'expiresAt', description }]);
}

export async function listCoupons(
  ctx: Context,
  admin: Account,
  query: PageQuery,
): Promise<{ coupons: CouponRow[]; pagination: Pagination }> {
  requireAdmin(admin);
  const page = pageOf(query);
  const { descending } = newestFirst(query.orderBy, ['createdAt']);
  const { rows, total } = await listRows(ctx.store.db, { ...page, descending });
  return { coupons: rows, pagination: paginationOf(total, page) };
}

export async function revokeCoupon(ctx: Context, admin: Account, id: string): Promise<void> {
  requireAdmin(admin);
  const isThere = await ctx.store.transact((tx) => revokeRow(tx, id, ctx.now()));
  if (!isThere) throw notFound('coupon');
}

/** Codes are typed by people: in any case, with blanks around them. */
export function codeOf(text: string): string {
  return text.trim().toUpperCase();
}

/** No letter that is taken for another or for a digit. */
const LETTERS = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const GROUPS = 4;
const GROUP_LENGTH = 4;

/** 79 bits: nobody guesses one. */
function randomCode(): string {
  const group = () =>
    Array.from({ length: GROUP_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}
