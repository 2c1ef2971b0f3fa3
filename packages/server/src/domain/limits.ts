/** What an operator allows one account to have at a time; 0 is no limit. */
import type { Held } from './fair-share.ts';

export interface Limits {
  runningTasks: number;
  cpus: number;
  queuedTasks: number;
}

/** What is left of an account's limits. */
export interface Room {
  tasks: number;
  cpus: number;
}

/** An account's own limits over those of all. */
export function limitsOf(own: Partial<Limits> | null, all: Limits): Limits {
  return { ...all, ...own };
}

export function isLimited({ runningTasks, cpus }: Limits): boolean {
  return runningTasks > 0 || cpus > 0;
}

export function roomOf(limits: Limits, held: Held): Room {
  return {
    tasks: limits.runningTasks > 0 ? Math.max(0, limits.runningTasks - held.tasks) : Infinity,
    cpus: limits.cpus > 0 ? Math.max(0, limits.cpus - held.cpus) : Infinity,
  };
}

/** Sums of fractions of a CPU are not exact. */
const EPSILON = 1e-6;

/** Whether there is room for any task at all. */
export function hasAnyRoom(room: Room): boolean {
  return room.tasks >= 1 && room.cpus > EPSILON;
}

/** Whether one more task of these CPUs may begin. A task larger than the whole limit may not ever. */
export function hasRoom(room: Room, cpus: number): boolean {
  return room.tasks >= 1 && room.cpus + EPSILON >= cpus;
}
