/** CPUs, memory and GPUs of the runner: who has them and who waits for them, first come first served. */
import { findGpu, type TaskContext } from '@bytenite/contract';
import type { Gpu } from './gpus.ts';

export interface Need {
  cpus: number;
  memoryBytes: number;
  /** Models, one of which it needs a GPU of; none where it needs none. */
  gpu: readonly string[];
}

/** What the runner has for tasks. */
export interface Total {
  cpus: number;
  memoryBytes: number;
  gpus: readonly Gpu[];
}

type Asked = Pick<TaskContext, 'cpus' | 'memoryBytes' | 'gpu'>;

interface Waiter {
  need: Need;
  isWanted(): boolean;
  answer(isTaken: boolean): void;
}

/** Sums of fractions of a CPU are not exact. */
const EPSILON = 1e-6;

export class Capacity {
  private waiters: Waiter[] = [];
  private used = { cpus: 0, memoryBytes: 0 };
  private readonly gpus = new Map<Need, Gpu>();

  readonly total: Total;

  constructor(total: Total) {
    this.total = total;
  }

  /** What a task takes here: all of it where it has the runner for itself. */
  needOf(context: Asked & Pick<TaskContext, 'alone'>): Need {
    const limits = this.limitsOf(context);
    const { cpus, memoryBytes } = this.total;
    return context.alone ? { ...limits, cpus, memoryBytes } : limits;
  }

  /** What a task may use: one that asks for more than the runner has gets all of it. */
  limitsOf(context: Asked): Need {
    const models = this.total.gpus.map(({ model }) => model);
    return {
      cpus: Math.min(context.cpus, this.total.cpus),
      memoryBytes: Math.min(context.memoryBytes, this.total.memoryBytes),
      // It would wait for ever for one that is not here.
      gpu: findGpu(models, context.gpu) === null ? [] : context.gpu,
    };
  }

  isOvercommitted(context: Pick<TaskContext, 'cpus' | 'memoryBytes'>): boolean {
    return context.cpus > this.total.cpus || context.memoryBytes > this.total.memoryBytes;
  }

  /** How many tasks of this need run at once. */
  concurrency(need: Need): number {
    const byCpus = this.total.cpus / Math.max(need.cpus, EPSILON);
    const byMemory = this.total.memoryBytes / Math.max(need.memoryBytes, 1);
    const byGpus = need.gpu.length === 0 ? Infinity : this.total.gpus.length;
    return Math.max(1, Math.floor(Math.min(byCpus, byMemory, byGpus) + EPSILON));
  }

  /** The GPU that a task has been given. */
  gpuOf(need: Need): Gpu | null {
    return this.gpus.get(need) ?? null;
  }

  /** Models of the GPUs that are left when all of these have theirs. */
  freeModels(needs: readonly Need[]): string[] {
    const free = this.freeGpus().map(({ model }) => model);
    for (const need of needs) {
      const at = this.gpus.has(need) ? null : findGpu(free, need.gpu);
      if (at !== null) free.splice(at, 1);
    }
    return free;
  }

  /** True at once, or a promise of the turn; false when it is not wanted any more. */
  take(need: Need, isWanted: () => boolean): true | Promise<boolean> {
    if (this.fits(need) && !this.waiters.some((waiter) => this.hasGpu(waiter.need))) {
      this.add(need);
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
    this.gpus.delete(need);
    this.used.cpus -= need.cpus;
    this.used.memoryBytes -= need.memoryBytes;
    this.serve();
  }

  /** Who waits for a GPU holds up nobody else; who waits for room is not overtaken. */
  private serve(): void {
    const passedOver: Waiter[] = [];
    let looked = 0;
    for (const waiter of this.waiters) {
      if (this.fits(waiter.need)) {
        this.add(waiter.need);
        waiter.answer(true);
      } else if (this.hasGpu(waiter.need)) break;
      else passedOver.push(waiter);
      looked += 1;
    }
    // Those behind are not touched: one is served at each end of a task, and hundreds may wait.
    this.waiters.splice(0, looked, ...passedOver);
  }

  private fits(need: Need): boolean {
    return (
      this.used.cpus + need.cpus <= this.total.cpus + EPSILON &&
      this.used.memoryBytes + need.memoryBytes <= this.total.memoryBytes &&
      this.hasGpu(need)
    );
  }

  private hasGpu({ gpu }: Need): boolean {
    return gpu.length === 0 || this.findFree(gpu) !== undefined;
  }

  private findFree(wanted: readonly string[]): Gpu | undefined {
    if (wanted.length === 0) return undefined;
    const free = this.freeGpus();
    const at = findGpu(
      free.map(({ model }) => model),
      wanted,
    );
    return at === null ? undefined : free[at];
  }

  private freeGpus(): Gpu[] {
    const taken = new Set(this.gpus.values());
    return this.total.gpus.filter((gpu) => !taken.has(gpu));
  }

  private add(need: Need): void {
    const gpu = this.findFree(need.gpu);
    if (gpu !== undefined) this.gpus.set(need, gpu);
    this.used.cpus += need.cpus;
    this.used.memoryBytes += need.memoryBytes;
  }
}
