/**
 * The runners, as this process knows them: those that talk to it, from what they said, and those of other
 * servers, from the tables. What must be true (leases, what the operator wants) lives in the tables.
 */
import type { RunnerRegistration } from '@bytenite/contract';

export interface Runner extends RunnerRegistration {
  id: string;
  /** Id of the token that it came with; `''` for the platform's own. */
  token: string;
  lastSeenAt: number;
  /** It is given no new tasks. */
  draining: boolean;
}

/** What a server is told of a runner beside what the runner says. */
export type RunnerStanding = Pick<Runner, 'id' | 'token' | 'draining'>;

export interface RunnerDirectory {
  register: (registration: RunnerRegistration, standing: RunnerStanding, now: number) => Runner;
  /** The runner, or undefined when it must register (again). */
  find: (id: string, incarnation: string) => Runner | undefined;
  remove: (id: string, incarnation: string) => void;
  /** Those that have not fallen silent, of this server and of the others. */
  list: (now: number) => Runner[];
  /** Those that talk to this process, silent or not. */
  own: () => Runner[];
  /** Takes over what the tables say of the others. */
  setOthers: (runners: readonly Runner[]) => void;
  /** One that was silent for a lease has none left: it has stopped, or must register again. */
  isSilent: (runner: Pick<Runner, 'lastSeenAt'>, now: number) => boolean;
}

/** Of the runners that are there; 0 where there are none. */
export function largestMemory(runners: RunnerDirectory, now: number): number {
  return Math.max(0, ...runners.list(now).map(({ memoryBytes }) => memoryBytes));
}

/** Machines that come and go under new names do not pile up here. */
const FORGOTTEN_AFTER_MS = 24 * 3600 * 1000;

export function createRunnerDirectory(leaseMs: number): RunnerDirectory {
  const runners = new Map<string, Runner>();
  let others: readonly Runner[] = [];
  const isSilent = ({ lastSeenAt }: Pick<Runner, 'lastSeenAt'>, now: number) =>
    now - lastSeenAt > leaseMs;
  return {
    isSilent,
    register(registration, standing, now) {
      for (const [id, { lastSeenAt }] of runners) {
        if (now - lastSeenAt > FORGOTTEN_AFTER_MS) runners.delete(id);
      }
      const runner = { ...registration, ...standing, lastSeenAt: now };
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
    list(now) {
      const living = new Map<string, Runner>();
      for (const runner of [...runners.values(), ...others]) {
        if (!isSilent(runner, now) && !living.has(runner.id)) living.set(runner.id, runner);
      }
      return [...living.values()];
    },
    own: () => [...runners.values()],
    setOthers(found) {
      others = found;
    },
  };
}
