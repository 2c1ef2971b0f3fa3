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
  list: () => Runner[];
}

export function createRunnerDirectory(): RunnerDirectory {
  const runners = new Map<string, Runner>();
  return {
    register(registration, now) {
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
    list: () => [...runners.values()],
  };
}
