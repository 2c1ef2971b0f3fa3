import { startThread } from './thread.ts';
import type { Outcome, Thread, ThreadLimits } from './thread.ts';

export interface WorkerLimits extends ThreadLimits {
  /** Calls that may wait; one more is refused. */
  maxWaiting: number;
}

export interface LimitedWorker<Call, Answer> {
  /** Rejects WorkerBusy when too many calls wait, and an Error when the thread broke or was closed. */
  call(call: Call): Promise<Outcome<Answer>>;
  /** Ends the thread; calls that wait are rejected. */
  close(): Promise<void>;
}

export class WorkerBusy extends Error {
  override readonly name = 'WorkerBusy';
}

interface Waiting<Call, Answer> {
  call: Call;
  resolve: (outcome: Outcome<Answer>) => void;
  reject: (error: Error) => void;
}

/**
 * Runs calls one after the other in a thread that starts with the first call and stays; after a
 * call that ended at a limit, the next one gets a new thread.
 */
export function createLimitedWorker<Call, Answer>(
  program: URL,
  limits: WorkerLimits,
): LimitedWorker<Call, Answer> {
  const waiting: Waiting<Call, Answer>[] = [];
  let thread: Thread<Call, Answer> | null = null;
  let isRunning = false;
  let isClosed = false;

  async function runAll(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (thread === null || thread.isOver()) thread = startThread(program, limits);
      await thread.run(next.call).then(next.resolve, next.reject);
    }
    isRunning = false;
  }

  return {
    call(call) {
      if (isClosed) return Promise.reject(new Error('the worker is closed'));
      if (waiting.length >= limits.maxWaiting) {
        return Promise.reject(new WorkerBusy('too many calls are waiting for the worker'));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ call, resolve, reject });
        void runAll();
      });
    },
    async close() {
      isClosed = true;
      for (const { reject } of waiting.splice(0)) reject(new Error('the worker was closed'));
      await thread?.terminate();
    },
  };
}
