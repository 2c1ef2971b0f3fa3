/** CPUs and memory of the runner: who has them and who waits for them, first come first served. */
import type { TaskContext } from '@bytenite/contract';

export interface Need {
  cpus: number;
  memoryBytes: number;
}

interface Waiter {
  need: Need;
  isWanted(): boolean;
  answer(isTaken: boolean): void;
}

/** Sums of fractions of a CPU are not exact. */
const EPSILON = 1e-6;

export class Capacity {
  private waiters: Waiter[] = [];
  private used: Need = { cpus: 0, memoryBytes: 0 };

  readonly total: Need;

  constructor(total: Need) {
    this.total = total;
  }

  /** What a task takes here: all of it where it has the runner for itself. */
  needOf(context: Pick<TaskContext, 'cpus' | 'memoryBytes' | 'alone'>): Need {
    return context.alone ? { ...this.total } : this.limitsOf(context);
  }

  /** What a task may use: one that asks for more than the runner has gets all of it. */
  limitsOf(context: Pick<TaskContext, 'cpus' | 'memoryBytes'>): Need {
    return {
      cpus: Math.min(context.cpus, this.total.cpus),
      memoryBytes: Math.min(context.memoryBytes, this.total.memoryBytes),
    };
  }

  isOvercommitted(context: Pick<TaskContext, 'cpus' | 'memoryBytes'>): boolean {
    return context.cpus > this.total.cpus || context.memoryBytes > this.total.memoryBytes;
  }

  /** How many tasks of this need run at once. */
  concurrency(need: Need): number {
    const byCpus = this.total.cpus / Math.max(need.cpus, EPSILON);
    const byMemory = this.total.memoryBytes / Math.max(need.memoryBytes, 1);
    return Math.max(1, Math.floor(Math.min(byCpus, byMemory) + EPSILON));
  }

  /** True at once, or a promise of the turn; false when it is not wanted any more. */
  take(need: Need, isWanted: () => boolean): true | Promise<boolean> {
    if (this.waiters.length === 0 && this.fits(need)) {
      this.add(need, 1);
      return true;
    }
    return new Promise((answer) => void this.waiters.push({ need, isWanted, answer }));
  }

  /** Answers those that stopped waiting. */
  sweep(): void {
    const unwanted = this.waiters.filter((waiter) => !waiter.isWanted());
    this.waiters = this.waiters.filter((waiter) => waiter.isWanted());
    for (const waiter of unwanted) waiter.answer(false);
    this.serve();
  }

  give(need: Need): void {
    this.add(need, -1);
    this.serve();
  }

  private serve(): void {
    for (let next = this.waiters[0]; next && this.fits(next.need); next = this.waiters[0]) {
      this.waiters.shift();
      this.add(next.need, 1);
      next.answer(true);
    }
  }

  private fits(need: Need): boolean {
    return (
      this.used.cpus + need.cpus <= this.total.cpus + EPSILON &&
      this.used.memoryBytes + need.memoryBytes <= this.total.memoryBytes
    );
  }

  private add(need: Need, sign: 1 | -1): void {
    this.used.cpus += sign * need.cpus;
    this.used.memoryBytes += sign * need.memoryBytes;
  }
}
