/**
 * The runners that talk to this process. Only what must be true lives in the tables (leases); this is
 * what they said of themselves, told again after a restart of the server.
 */
import type { RunnerRegistration } from '@bytenite/contract';

export interface Runner extends RunnerRegistration {
  id: string;
  lastSeenAt: number;
}

export interface RunnerDirectory {
  register: (registration: RunnerRegistration, now: number) => Runner;
  /** The runner, or undefined when it must register (again). */
  find: (id: string, incarnation: string) => Runner | undefined;
  remove: (id: string, incarnation: string) => void;
  /** Those that have not fallen silent. */
  list: (now: number) => Runner[];
  /** One that was silent for a lease has none left: it has stopped, or must register again. */
  isSilent: (runner: Runner, now: number) => boolean;
}

/** Of the runners that are there; 0 where there are none. */
export function largestMemory(runners: RunnerDirectory, now: number): number {
  return Math.max(0, ...runners.list(now).map(({ memoryBytes }) => memoryBytes));
}

/** Machines that come and go under new names do not pile up here. */
const FORGOTTEN_AFTER_MS = 24 * 3600 * 1000;

export function createRunnerDirectory(leaseMs: number): RunnerDirectory {
  const runners = new Map<string, Runner>();
  const isSilent = ({ lastSeenAt }: Runner, now: number) => now - lastSeenAt > leaseMs;
  return {
    isSilent,
    register(registration, now) {
      for (const [id, { lastSeenAt }] of runners) {
        if (now - lastSeenAt > FORGOTTEN_AFTER_MS) runners.delete(id);
      }
      const runner = { ...registration, id: registration.name, lastSeenAt: now };
      runners.set(runner.id, runner);
      return runner;
    },
    find(id, incarnation) {
      const runner = runners.get(id);
      return runner?.incarnation === incarnation ? runner : undefined;
    },
    remove(id, incarnation) {
      if (runners.get(id)?.incarnation === incarnation) runners.delete(id);
    },
    list: (now) => [...runners.values()].filter((runner) => !isSilent(runner, now)),
  };
}
