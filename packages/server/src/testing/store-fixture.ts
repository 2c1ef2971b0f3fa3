import { expect, vi } from 'vitest';
import { dialectOf, traitsOf } from '../store/dialect.ts';
import type { Store } from '../store/store.ts';

/** The store that a test of a suite works on; only valid within a test. */
export interface Fixture {
  readonly store: Store;
  /** Closes the store and opens it again, as after a restart. */
  reopen: () => Promise<Store>;
}

/** Waits until all events can be read: what is under way elsewhere on the same database server holds them up. */
export async function untilSettled({ db }: Store): Promise<void> {
  await vi.waitFor(
    async () => {
      const all = db.selectFrom('event').select((e) => e.fn.countAll<number>().as('n'));
      const { n } = await all.executeTakeFirstOrThrow();
      const settled = await all.where(traitsOf(db).isSettled()).executeTakeFirstOrThrow();
      expect(settled.n).toBe(n);
    },
    { timeout: 20_000, interval: 5 },
  );
}

/** For `rejects.toSatisfy`: a row that is there already, in the words of the store's database. */
export function isUniqueViolation({ store }: Fixture): (error: unknown) => boolean {
  return dialectOf(store.dialect).isUniqueViolation;
}
