import { hasEnded, lookAtJob, watchEvents, type Client } from '@bytenite/client';
import type { LogsInput } from '@bytenite/contract';
import { lineKey, readLines, type JobLine } from './log-lines.ts';

/** How far back the last look goes, for lines that were stored after the job's end was told. */
const OVERLAP_MS = 10_000;

/**
 * A job's lines, those so far and then those to come, to the end of the job. The stream is opened before
 * the lines so far are read, so none is missed; what comes from both is given once.
 */
export async function* followLines(
  client: Client,
  filter: LogsInput,
  signal: AbortSignal,
): AsyncGenerator<JobLine, void, undefined> {
  const { jobId } = filter;
  const ledger = new LineLedger();
  const isNewInStream = ledger.newReading();
  const watch = { jobId, events: EVENTS, signal, tickMs: LOOK_EVERY_MS };
  for await (const event of watchEvents(client, watch)) {
    if (event !== 'tick' && event.event === 'log.appended') {
      if (passes(filter, event) && isNewInStream(event)) yield event;
      continue;
    }
    if (event !== 'tick' && event.event === 'open' && !event.resumed) {
      yield* (await readLines(client, filter)).filter(ledger.newReading());
    }
    const isUpdate = event !== 'tick' && event.event === 'job.updated';
    const job = isUpdate ? event.job : await lookAtJob(client, jobId, signal);
    if (job !== undefined && hasEnded(job)) break;
  }
  if (signal.aborted) return;
  const since = new Date(ledger.latest - OVERLAP_MS).toISOString();
  yield* (await readLines(client, { ...filter, since })).filter(ledger.newReading());
}

const EVENTS = ['job.updated', 'log.appended'] as const;
const LOOK_EVERY_MS = 2000;

/** The stream has every line of the job; the call filters by itself. */
function passes({ taskIds, levels }: LogsInput, { taskId, line }: JobLine): boolean {
  const isWanted = <T>(list: readonly T[] | undefined, value: T) => list?.includes(value) ?? true;
  return isWanted(taskIds, taskId) && isWanted(levels, line.level);
}

const REMEMBERED = 50_000;

/**
 * What has been given, for readings that overlap. A program may print the same line twice at the same time:
 * a reading's second one is new unless two were given already.
 */
class LineLedger {
  /** Time of the latest line given. */
  latest = 0;
  readonly #given = new Map<string, number>();

  newReading(): (line: JobLine) => boolean {
    const read = new Map<string, number>();
    return (line) => {
      const key = lineKey(line);
      const count = (read.get(key) ?? 0) + 1;
      remember(read, key, count);
      if (count <= (this.#given.get(key) ?? 0)) return false;
      remember(this.#given, key, count);
      this.latest = Math.max(this.latest, Date.parse(line.line.timestamp));
      return true;
    };
  }
}

/** Keeps the newest entries only: what is older cannot overlap any more. */
function remember(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, count);
  if (counts.size <= REMEMBERED) return;
  for (const oldest of counts.keys()) {
    counts.delete(oldest);
    return;
  }
}
