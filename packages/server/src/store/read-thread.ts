/** The program of the thread that reads: one connection, one statement after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ReadAnswer, ReadCall } from './sqlite-reader.ts';
import { openForReading } from './sqlite.ts';

const database = openForReading(workerData as string);

parentPort?.on('message', (call: ReadCall) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(answer(call));
});

function answer({ id, sql, parameters }: ReadCall): ReadAnswer {
  try {
    return { id, rows: database.prepare(sql).all(parameters) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}
