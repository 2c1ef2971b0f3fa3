/** How much memory the next attempt gets after one that ran out of it. */

export interface MemoryOfAttempt {
  /** What its component asks for. */
  base: number;
  /** What was asked for instead; 0 for nothing. */
  raised: number;
  /** What it was given: a runner that is smaller than what was asked for gives all it has. */
  given: number;
}

/** Twice as much as was not enough, up to the cap; as before where that is no more than was asked for. */
export function raiseMemory({ base, raised, given }: MemoryOfAttempt, cap: number): number {
  const next = Math.min(2 * given, cap);
  return next > Math.max(base, raised) ? next : raised;
}

export function memoryWords(bytes: number): string {
  return `${Math.round((bytes / 1024 ** 2) * 10) / 10} MiB`;
}

/** What a task with a raised demand asks of a runner: no runner has more than the largest. */
export function askedMemory(base: number, raised: number, largest: number): number {
  return Math.max(base, Math.min(raised, largest));
}
