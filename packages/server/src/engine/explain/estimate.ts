import type { Context } from '../../context.ts';
import { kindClaimedIn } from '../../domain/job-state.ts';
import { runningTimes } from '../../store/queue.ts';
import type { Db } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import { placeIn, type QueueView } from './queue-view.ts';
import { countWords, secondsWords, type Reason } from './reason.ts';

export interface Estimate {
  /** Null where there is nothing to tell it from. */
  seconds: number | null;
  /** What the seconds lead to and what they were worked out from, or why there are none. */
  basis: string;
}

/** When the job's next task starts, or, where tasks run, when its chunks are done; never more than a guess. */
export async function estimate(
  ctx: Context,
  db: Db,
  job: JobRow,
  now: { running: number; reasons: readonly Reason[]; queue: QueueView | null },
): Promise<Estimate> {
  if (now.running > 0) return untilDone(ctx, job);
  const [first] = now.reasons;
  if (first?.code === 'BACKOFF' || first?.code === 'DELIVERY') {
    const seconds = Number(first.details['seconds']);
    return { seconds, basis: 'until it is tried again' };
  }
  if (now.queue === null || kindClaimedIn(job.state) === null)
    return unknown('nothing of it can be timed in this state');
  const isShut =
    first !== undefined && ['NO_RUNNER', 'NO_FITTING_RUNNER', 'DISK_FULL'].includes(first.code);
  if (isShut) return unknown('it cannot start as things are');
  return untilStart(ctx, db, job, now.queue);
}

function untilDone(ctx: Context, job: JobRow): Estimate {
  const { committed, failed, num_chunks: chunks } = job;
  const times = JSON.parse(job.state_times) as { PARTITIONED?: number };
  const since = times.PARTITIONED;
  if (job.state !== 'PARTITIONED' || since === undefined)
    return unknown('no pace is known of one task');
  if (job.run > 1) return unknown('what was done in an earlier run tells no pace');
  if (committed === 0) return unknown('no chunk is done yet that a pace could be told from');
  const elapsed = Math.max(1, ctx.now() - since);
  const seconds = Math.ceil(((chunks - committed - failed) * elapsed) / committed / 1000);
  const basis =
    `until all chunks are done, at the pace so far: ${committed.toLocaleString('en-US')} of ` +
    `${countWords(chunks, 'chunk')} in ${secondsWords(elapsed)}`;
  return { seconds, basis };
}

/** Seen at any moment, a task is on average half through. */
const LENGTH_PER_AGE = 2;

async function untilStart(ctx: Context, db: Db, job: JobRow, queue: QueueView): Promise<Estimate> {
  const place = placeIn(queue, job);
  if (place === null) return unknown('no task of it waits');
  const { tasks, meanAgeMs } = await runningTimes(db, ctx.now());
  if (tasks === 0) return { seconds: 0, basis: 'until its next task starts: nothing else runs' };
  const turns = (place.ownTasks + 1) * (queue.others.users + 1);
  const lengthMs = Math.max(1, meanAgeMs * LENGTH_PER_AGE);
  const seconds = Math.ceil((turns * lengthMs) / tasks / 1000);
  const basis =
    `until its next task starts, as far as running tasks tell: ${countWords(tasks, 'task')} run, on average for ` +
    `${secondsWords(meanAgeMs)} so far; ${countWords(turns, 'turn')} until its own`;
  return { seconds, basis };
}

function unknown(basis: string): Estimate {
  return { seconds: null, basis };
}
