import { dialectOf } from '../store/dialect.ts';
import type { Store } from '../store/store.ts';

/** The store that a test of a suite works on; only valid within a test. */
export interface Fixture {
  readonly store: Store;
  /** Closes the store and opens it again, as after a restart. */
  reopen: () => Promise<Store>;
}

/** For `rejects.toSatisfy`: a row that is there already, in the words of the store's database. */
export function isUniqueViolation({ store }: Fixture): (error: unknown) => boolean {
  return dialectOf(store.dialect).isUniqueViolation;
}
