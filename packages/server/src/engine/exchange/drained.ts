import type { Runner } from '../runners.ts';

/** Of a runner since it registered: one that begins anew, perhaps mended, is given tasks again. */
const reasons = new WeakMap<Runner, string>();

/** It is given no new tasks; what it holds runs to its end. */
export function drain(runner: Runner, reason: string): void {
  reasons.set(runner, reason);
}

export function isDrained(runner: Runner): boolean {
  return reasons.has(runner);
}
