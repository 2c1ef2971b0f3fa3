/** When a running task is worth a second attempt beside it (contract: `config.speculation`). */

/** Of a job's chunks so many have ended before any of the others counts as late. */
const NEARLY_DONE = 0.75;
/** Late is what has run for so many times as long as half of the others did, */
const TIMES_AS_LONG = 2;
/** and for so much longer: a second attempt has to be sent and started too. */
const LEAST_MS = 2000;

interface Progress {
  num_chunks: number;
  cursor: number;
  committed: number;
  failed: number;
}

/** All chunks have been given out, and most of them have ended. */
export function isNearlyDone({ num_chunks: chunks, cursor, committed, failed }: Progress): boolean {
  const ended = committed + failed;
  return cursor === chunks && ended < chunks && ended >= chunks * NEARLY_DONE;
}

/** From what duration on a task is late, in ms, by those of tasks that are done; null where none is. */
export function lateAfterMs(durations: readonly number[]): number | null {
  const median = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)];
  return median === undefined ? null : Math.max(median * TIMES_AS_LONG, median + LEAST_MS);
}
