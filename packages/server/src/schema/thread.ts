import { Worker } from 'node:worker_threads';

/** How a call ended: with an answer, or stopped at a limit. */
export type Outcome<Answer> =
  | { kind: 'done'; answer: Answer }
  | { kind: 'timeout' }
  | { kind: 'memory' };

/** What the program sends: that it has taken the call up, and what came of it. */
export type ThreadMessage<Answer> = { kind: 'started' } | { kind: 'done'; answer: Answer };

export interface ThreadLimits {
  /**
   * For one call, from the moment the program takes it up. On a busy machine the time counts only as far
   * as this process was given a processor; ten times as much is the end all the same.
   */
  timeoutMs: number;
  memoryMb: number;
}

/** A worker thread that runs one call at a time. It is over after a call that ended at a limit. */
export interface Thread<Call, Answer> {
  isOver(): boolean;
  /** Rejects when the thread breaks. */
  run(call: Call): Promise<Outcome<Answer>>;
  terminate(): Promise<void>;
}

/** How many times its limit a call may take by the clock. */
const PATIENCE = 10;

/** Processor time of the whole process, which is no less than that of one thread. */
function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

interface Pending<Answer> {
  resolve: (outcome: Outcome<Answer>) => void;
  reject: (error: Error) => void;
}

export function startThread<Call, Answer>(
  program: URL,
  limits: ThreadLimits,
): Thread<Call, Answer> {
  const worker = startWorker(program, limits.memoryMb);
  let pending: Pending<Answer> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;

  function settle(how: (settled: Pending<Answer>) => void): void {
    clearTimeout(timer);
    worker.unref(); // an idle thread does not keep the process alive
    const settled = pending;
    pending = null;
    if (settled !== null) how(settled);
  }

  function startTimer(): void {
    const timed = pending;
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    const check = () => {
      // When this thread was busy itself, the answer may have come in time and wait to be read.
      setImmediate(() => {
        if (timed !== pending) return;
        const left = limits.timeoutMs - cpuMsSince(cpuBefore);
        if (left > 0 && performance.now() - startedAt < limits.timeoutMs * PATIENCE) {
          timer = setTimeout(check, Math.ceil(left));
          return;
        }
        void terminate(); // nothing else stops code in a thread
        settle(({ resolve }) => resolve({ kind: 'timeout' }));
      });
    };
    timer = setTimeout(check, limits.timeoutMs);
  }

  async function terminate(): Promise<void> {
    isOver = true;
    await worker.terminate();
  }

  worker.on('message', (message: ThreadMessage<Answer>) => {
    if (message.kind === 'started') startTimer();
    else settle(({ resolve }) => resolve(message));
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    isOver = true;
    const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    settle(({ resolve, reject }) => (isMemory ? resolve({ kind: 'memory' }) : reject(error)));
  });
  worker.on('exit', () => {
    isOver = true;
    settle(({ reject }) => reject(new Error('the worker thread ended')));
  });

  return {
    isOver: () => isOver,
    run(call) {
      return new Promise((resolve, reject) => {
        pending = { resolve, reject };
        worker.ref();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage(call);
      });
    },
    terminate,
  };
}

function startWorker(program: URL, memoryMb: number): Worker {
  return new Worker(program, {
    // Nothing of the process's own environment: what runs here was written by users.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
}
