/**
 * Long reads of SQLite, in a thread with a connection of its own that can only read: one that looks at
 * every job of an account would else keep leases and heartbeats waiting. The thread starts with the first
 * read. A commit is seen by every read that begins after it.
 */
import { Worker } from 'node:worker_threads';
import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import { programBeside } from '../thread-program.ts';

/** To the thread and back. */
export interface ReadCall {
  id: number;
  sql: string;
  parameters: readonly unknown[];
}
export type ReadAnswer = { id: number; rows: unknown[] } | { id: number; error: string };

export function sqliteReader(file: string): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => createDriver(file),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function createDriver(file: string): Driver {
  const thread = createReadThread(file);
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      return { rows: (await thread.run(sql, parameters)) as R[] };
    },
    streamQuery: () => refuse('streams'),
  };
  return {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: async () => refuse('transactions'),
    commitTransaction: async () => refuse('transactions'),
    rollbackTransaction: async () => refuse('transactions'),
    releaseConnection: async () => undefined,
    destroy: () => thread.close(),
  };
}

function refuse(what: string): never {
  throw new Error(`the reader has no ${what}`);
}

interface Waiting {
  resolve: (rows: unknown[]) => void;
  reject: (error: Error) => void;
}

function createReadThread(file: string) {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | null = null;
  let lastId = 0;

  function settle(id: number, how: (settled: Waiting) => void): void {
    const settled = waiting.get(id);
    waiting.delete(id);
    // An idle thread does not keep the process alive.
    if (waiting.size === 0) worker?.unref();
    if (settled !== undefined) how(settled);
  }

  function start(): Worker {
    const started = new Worker(programBeside(import.meta.url, 'read-thread'), {
      workerData: file,
      env: {},
      execArgv: [],
    });
    started.on('message', (answer: ReadAnswer) => {
      settle(answer.id, ({ resolve, reject }) =>
        'rows' in answer ? resolve(answer.rows) : reject(new Error(answer.error)),
      );
    });
    // The next read gets a new thread.
    const fail = (error: Error) => {
      if (worker === started) worker = null;
      for (const id of waiting.keys()) settle(id, ({ reject }) => reject(error));
    };
    started.on('error', fail);
    started.on('exit', () => fail(new Error('the reading thread has ended')));
    return started;
  }

  return {
    run(sql: string, parameters: readonly unknown[]): Promise<unknown[]> {
      return new Promise((resolve, reject) => {
        worker ??= start();
        worker.ref();
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        const call: ReadCall = { id: lastId, sql, parameters };
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage(call);
      });
    },
    async close(): Promise<void> {
      await worker?.terminate();
    },
  };
}
