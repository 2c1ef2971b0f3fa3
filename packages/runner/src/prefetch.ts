/**
 * How many tasks to hold beyond those that run. Short tasks need a store, or the runner idles for a
 * round trip after each; long ones need none, and holding them would keep them from other runners.
 */
const TARGET_MS = 200;
const LONG_TASK_MS = 2000;
/** Twice what one exchange grants: a call is under way while the store empties. */
const LIMIT = 1000;
/** Weight of the newest task in the mean. */
const WEIGHT = 0.2;
/** Nothing is known yet: careful, but not idle. */
const FIRST_GUESS_MS = 500;

export class Prefetch {
  private meanMs = FIRST_GUESS_MS;

  /** A task has ended after this time in its slot. */
  observe(wallMs: number): void {
    this.meanMs += (wallMs - this.meanMs) * WEIGHT;
  }

  /** Tasks to hold in store; `oldestMs` is the age of the oldest running task. */
  target(concurrency: number, oldestMs: number): number {
    const expectedMs = Math.max(this.meanMs, oldestMs);
    if (expectedMs > LONG_TASK_MS) return 0;
    return Math.min(LIMIT, Math.ceil((TARGET_MS * concurrency) / Math.max(expectedMs, 0.01)));
  }
}
