import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLATFORM } from '../domain/ledger.ts';
import { findLedgerProblems } from '../engine/wallet/check-ledger.ts';
import { addAccount, T0, unique } from '../testing/rows.ts';
import { isUniqueViolation, type Fixture } from '../testing/store-fixture.ts';
import { findCouponByCode, insertCoupon, revokeCoupon, takeUse } from './coupons.ts';
import { balanceOf, bookTransaction, type Booked, type NewTransaction } from './ledger.ts';
import type { Store } from './store.ts';
import { accountTransactionsAfter } from './transaction-list.ts';

function transactionOf(account: string, patch: Partial<NewTransaction> = {}): NewTransaction {
  return {
    id: unique('transaction'),
    created_at: T0,
    type: 'topup',
    account,
    direction: 'from platform',
    amount: 100,
    description: 'Credit',
    notes: '',
    entity_id: '',
    entity_name: '',
    template: '',
    job: null,
    run: null,
    ...patch,
  };
}

function book(store: Store, transaction: NewTransaction): Promise<Booked> {
  return store.transact((tx) => bookTransaction(tx, transaction));
}

export function describeLedger(fixture: Fixture): void {
  describe('ledger', () => {
    it('moves an amount from one account to the other, and keeps what each has', async () => {
      const { store } = fixture;
      const account = await addAccount(store);
      const before = await balanceOf(store.db, PLATFORM);
      expect(await balanceOf(store.db, account)).toBe(0);
      const credit = await book(store, transactionOf(account, { amount: 500 }));
      const payment = transactionOf(account, { amount: 620, direction: 'to platform' });
      const { row, balance } = await book(store, payment);
      expect(credit.balance).toBe(500);
      expect(balance).toBe(-120);
      expect(row).toMatchObject({
        no: credit.row.no + 1,
        account_from: account,
        account_to: PLATFORM,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(await balanceOf(store.db, account)).toBe(-120);
      expect(await balanceOf(store.db, PLATFORM)).toBe(before + 120);
      const rows = await accountTransactionsAfter(store, { account, after: 0, limit: 10 });
      expect(rows.map((one) => one.balance)).toEqual([500, -120]);
    });

    it('takes one payment for a run of a job, and a second leaves nothing behind', async () => {
      const { store } = fixture;
      const account = await addAccount(store);
      const payment = { type: 'payment', direction: 'to platform', job: 7 } as const;
      await book(store, transactionOf(account, { ...payment, run: 1 }));
      await expect(book(store, transactionOf(account, { ...payment, run: 1 }))).rejects.toSatisfy(
        isUniqueViolation(fixture),
      );
      await book(store, transactionOf(account, { ...payment, run: 2 }));
      expect(await balanceOf(store.db, account)).toBe(-200);
      expect(await findLedgerProblems(store)).toMatchObject({ ok: true });
    });

    it('sums to zero after any sequence of transactions, some of them undone', async () => {
      const { store } = fixture;
      const accounts = [await addAccount(store), await addAccount(store)] as const;
      const step = fc.record({
        who: fc.constantFrom(...accounts),
        amount: fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
        direction: fc.constantFrom('to platform', 'from platform'),
        isUndone: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          for (const { who, amount, direction, isUndone } of steps) {
            const transaction = transactionOf(who, { amount, direction });
            const done = store.transact(async (tx) => {
              await bookTransaction(tx, transaction);
              if (isUndone) throw new Error('undone');
            });
            await done.catch((error: unknown) => {
              if (!isUndone) throw error;
            });
          }
          expect(await findLedgerProblems(store)).toMatchObject({ problems: [], ok: true });
          const wallets = await store.db.selectFrom('wallet').selectAll().execute();
          expect(wallets.reduce((sum, { balance }) => sum + balance, 0)).toBe(0);
        }),
        { numRuns: 20 },
      );
    });

    it('has one order, without a gap, when transactions are booked at once', async () => {
      const { store } = fixture;
      const account = await addAccount(store);
      const booked = await Promise.all(
        Array.from({ length: 20 }, () => book(store, transactionOf(account))),
      );
      const nos = booked.map(({ row }) => row.no).toSorted((a, b) => a - b);
      expect(new Set(nos).size).toBe(20);
      expect((nos.at(-1) ?? 0) - (nos[0] ?? 0)).toBe(19);
      expect(await balanceOf(store.db, account)).toBe(2000);
      expect(await findLedgerProblems(store)).toMatchObject({ ok: true });
    });

    it.each<[string, (store: Store, no: number) => Promise<unknown>, RegExp]>([
      [
        'an amount',
        ({ db }, no) => db.updateTable('ledger').set({ amount: 1 }).where('no', '=', no).execute(),
        /^transaction \d+ was changed$/,
      ],
      [
        'a note',
        ({ db }, no) => db.updateTable('ledger').set({ notes: 'x' }).where('no', '=', no).execute(),
        /^transaction \d+ was changed$/,
      ],
      [
        'an entry',
        ({ db }, no) =>
          db.updateTable('ledger_entry').set({ amount: 1 }).where('no', '=', no).execute(),
        /^transaction \d+ moves 100, its entry for /,
      ],
      [
        'a balance',
        ({ db }) =>
          db.updateTable('wallet').set({ balance: 5 }).where('balance', '=', 300).execute(),
        /^account \S+ has 5, its entries have 300$/,
      ],
      [
        'a transaction that is gone',
        async ({ db }, no) => {
          await db.deleteFrom('ledger_entry').where('no', '=', no).execute();
          await db.deleteFrom('ledger').where('no', '=', no).execute();
        },
        /^transaction \d+ is missing$/,
      ],
    ])('shows that somebody changed %s', async (_, change, problem) => {
      const { store } = fixture;
      const account = await addAccount(store);
      const [, second] = [
        await book(store, transactionOf(account)),
        await book(store, transactionOf(account)),
        await book(store, transactionOf(account)),
      ];
      expect(await findLedgerProblems(store)).toMatchObject({ ok: true });
      await change(store, second.row.no);
      const { ok, problems } = await findLedgerProblems(store);
      expect(ok).toBe(false);
      expect(problems).toContainEqual(expect.stringMatching(problem));
    });

    it('gives a coupon as many uses as it has, also when they are taken at once', async () => {
      const { store } = fixture;
      const coupon = {
        id: unique('coupon'),
        code: unique('CODE'),
        amount: 100,
        max_uses: 3,
        uses: 0,
        notes: '',
        created_at: T0,
        expires_at: T0 + 10,
        revoked_at: null,
      };
      await store.transact((tx) => insertCoupon(tx, coupon));
      const take = (now: number) => store.transact((tx) => takeUse(tx, coupon.id, now));
      expect(await take(T0 + 10)).toBe(false);
      const taken = await Promise.all(Array.from({ length: 5 }, () => take(T0)));
      expect(taken.filter(Boolean)).toHaveLength(3);
      expect(await findCouponByCode(store.db, coupon.code)).toMatchObject({ uses: 3 });
      expect(await store.transact((tx) => revokeCoupon(tx, coupon.id, T0 + 1))).toBe(true);
      expect(await store.transact((tx) => revokeCoupon(tx, coupon.id, T0 + 2))).toBe(true);
      expect(await findCouponByCode(store.db, coupon.code)).toMatchObject({ revoked_at: T0 + 1 });
    });
  });
}
