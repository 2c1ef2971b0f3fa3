/** A job with all that its reply shows, read together for one job or a page of them. */
import type { TaskState } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { isRunning, isTerminal } from '../../domain/job-state.ts';
import type { JobDoc } from '../../domain/job-doc.ts';
import { readJobDocs } from '../../store/jobs.ts';
import { countPhases } from '../../store/leases.ts';
import type { Db } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import { recentQueue, type QueueView } from '../explain/queue-view.ts';
import { waitingReason } from '../explain/waiting-reasons.ts';

export interface JobView {
  job: JobRow;
  doc: JobDoc;
  /** APP tasks by state; states without tasks are left out. */
  taskCounts: Partial<Record<TaskState, number>>;
  waitingReason: string;
  now: number;
}

/** `db`: the transaction that the job was changed in, where it has not been committed. */
export async function viewJob(ctx: Context, job: JobRow, db: Db = ctx.store.db): Promise<JobView> {
  const [view] = await viewJobs(ctx, [job], db);
  if (view === undefined) throw new Error(`job ${job.no} has no view`);
  return view;
}

export async function viewJobs(
  ctx: Context,
  jobs: readonly JobRow[],
  db: Db = ctx.store.db,
): Promise<JobView[]> {
  const docs = await readJobDocs(
    db,
    jobs.map((job) => job.no),
  );
  const running = jobs.filter((job) => isRunning(job.state));
  const phases = await countPhases(
    db,
    running.map((job) => job.no),
  );
  const views: JobView[] = [];
  const queues = new Map<string, Promise<QueueView>>();
  const readQueue = (account: string) => {
    const queue = queues.get(account) ?? recentQueue(ctx, db, account);
    queues.set(account, queue);
    return queue;
  };
  for (const job of jobs) {
    const doc = docs.get(job.no);
    if (doc === undefined) continue; // deleted between the two reads
    const live = phases.filter((row) => row.job === job.no);
    const waits = isRunning(job.state) && live.length === 0;
    views.push({
      job,
      doc,
      taskCounts: countTasks(job, live),
      waitingReason: waits
        ? await waitingReason(ctx, db, job, doc, () => readQueue(job.account))
        : '',
      now: ctx.now(),
    });
  }
  return views;
}

type PhaseCount = Awaited<ReturnType<typeof countPhases>>[number];

function countTasks(job: JobRow, live: readonly PhaseCount[]): JobView['taskCounts'] {
  const counts = {
    COMPLETED: job.committed,
    FAILED: job.failed,
    ASSIGNED: 0,
    RECEIVED: 0,
    RUNNING: 0,
  };
  for (const { kind, phase, count } of live) {
    if (kind === 'APP') counts[phase === 'STAGING_OUT' ? 'RUNNING' : phase] += count;
  }
  const seen = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const waiting = job.num_chunks - seen;
  const all = { ...counts, [isTerminal(job.state) ? 'ABORTED' : 'SCHEDULED']: waiting };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}
