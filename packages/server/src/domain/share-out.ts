/** Which waiting tasks a runner gets: one after the other, each for the account whose turn it is. */
import { findGpu } from '@bytenite/contract';
import { standingCost, type Needs } from './fair-share.ts';
import { hasRoom, type Room } from './limits.ts';

/** What one task takes. */
export interface TaskNeeds extends Needs {
  /** Models, one of which it needs a GPU of; none where it needs none. */
  gpu: readonly string[];
}

/** What a runner can take now. */
export interface Capacity extends Needs {
  /** It holds nothing. */
  isEmpty?: boolean;
  /** Models of the GPUs that are free. */
  gpus: readonly string[];
  /** Tasks that it wants to stage ahead, beyond what fits. */
  prefetch: number;
  idle: boolean;
  /** Tasks at most, whatever fits. */
  left: number;
}

/** What a runner is. */
export interface Size extends Needs {
  /** Runs what is larger than itself, alone. */
  overcommit: boolean;
}

/** A job with waiting tasks that are alike. */
export interface Asking {
  account: string;
  needs: TaskNeeds;
  /** A task of it takes a whole runner, whatever it needs. */
  alone?: boolean;
  waiting: number;
}

/** Where an account stands. */
export interface Share {
  standing: number;
  room: Room;
}

export interface ShareOut<Job> {
  /** Tasks for each job that gets some. */
  counts: Map<Job, number>;
  /** The job whose turn it is, where it fits this runner and not what is free of it. */
  passedOver: Job | null;
}

/** Sums of fractions of a CPU are not exact. */
const EPSILON = 1e-6;

interface Queue<Job> {
  share: Share;
  jobs: Job[];
}

/**
 * Shares a runner's capacity out. `asking` has each account's jobs in that account's order; an account
 * without an entry in `shares` has used nothing and has no limit.
 */
export function shareOut<Job extends Asking>(
  asking: readonly Job[],
  shares: ReadonlyMap<string, Share>,
  runner: { size: Size; capacity: Capacity; halfLifeMs: number },
): ShareOut<Job> {
  const left = { ...runner.capacity };
  const queues = queuesOf(asking, shares);
  const counts = new Map<Job, number>();
  let passedOver: Job | null = null;
  for (let next = nextOf(queues); next !== null; next = nextOf(queues)) {
    const { share, jobs } = next;
    const [job] = jobs;
    if (job === undefined) continue;
    const count = counts.get(job) ?? 0;
    const needs = grantedTo(job.needs, runner.size);
    const isAllowed = count < job.waiting && hasRoom(share.room, needs.cpus);
    if (!isAllowed || !take(left, job, runner.size)) {
      // Capacity and room only shrink: what does not fit now fits no more.
      jobs.shift();
      // A runner is not kept for a GPU: what has it now gives it back to whose turn it is then.
      const isForRoom = job.alone === true || hasGpu(left, job.needs);
      if (isAllowed && counts.size === 0 && isForRoom) passedOver ??= job;
      continue;
    }
    counts.set(job, count + 1);
    share.standing += standingCost(needs, runner.halfLifeMs);
    share.room.tasks -= 1;
    share.room.cpus -= needs.cpus;
  }
  return { counts, passedOver };
}

function queuesOf<Job extends Asking>(
  asking: readonly Job[],
  shares: ReadonlyMap<string, Share>,
): Queue<Job>[] {
  const queues = new Map<string, Queue<Job>>();
  for (const job of asking) {
    const known = queues.get(job.account);
    if (known !== undefined) {
      known.jobs.push(job);
      continue;
    }
    const { standing = 0, room = { tasks: Infinity, cpus: Infinity } } =
      shares.get(job.account) ?? {};
    queues.set(job.account, { share: { standing, room: { ...room } }, jobs: [job] });
  }
  return [...queues.values()];
}

/** The account that stands lowest; of equals the one that was named first. */
function nextOf<Job>(queues: readonly Queue<Job>[]): Queue<Job> | null {
  let next: Queue<Job> | null = null;
  for (const queue of queues) {
    if (queue.jobs.length === 0) continue;
    if (next === null || queue.share.standing < next.share.standing) next = queue;
  }
  return next;
}

export function isLargerThan(needs: Needs, size: Needs): boolean {
  return needs.cpus > size.cpus || needs.memoryBytes > size.memoryBytes;
}

/** What a task takes of a runner: all of it where it asks for more than there is. */
export function grantedTo(needs: Needs, size: Needs): Needs {
  return {
    cpus: Math.min(needs.cpus, size.cpus),
    memoryBytes: Math.min(needs.memoryBytes, size.memoryBytes),
  };
}

/** Takes one task's needs out of what is left; false where they do not fit. */
function take(left: Capacity, { needs, alone = false }: Asking, size: Size): boolean {
  if (left.left < 1) return false;
  if (alone) return takeAll(left);
  const isOversized = isLargerThan(needs, size);
  if (isOversized && !(size.overcommit && left.idle)) return false;
  const taken = grantedTo(needs, size);
  const fits = taken.cpus <= left.cpus + EPSILON && taken.memoryBytes <= left.memoryBytes;
  if (fits && hasGpu(left, needs)) {
    left.cpus -= taken.cpus;
    left.memoryBytes -= taken.memoryBytes;
    left.gpus = withoutGpu(left.gpus, needs.gpu);
  } else if (left.prefetch > 0) left.prefetch -= 1;
  else if (!isOversized) return false;
  left.idle = false;
  left.isEmpty = false;
  left.left -= 1;
  return true;
}

function takeAll(left: Capacity): boolean {
  if (left.isEmpty !== true) return false;
  left.left = 0;
  return true;
}

function hasGpu({ gpus }: Capacity, { gpu }: TaskNeeds): boolean {
  return gpu.length === 0 || findGpu(gpus, gpu) !== null;
}

function withoutGpu(gpus: readonly string[], wanted: readonly string[]): readonly string[] {
  const at = findGpu(gpus, wanted);
  return at === null ? gpus : gpus.toSpliced(at, 1);
}
