/** Why a job, or one of its tasks, does not run, or runs slowly: in words, and the numbers behind them. */
import type { ExplainQuery, TaskKind } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import type { JobDoc } from '../../domain/job-doc.ts';
import { isTerminal } from '../../domain/job-state.ts';
import { memoryWords } from '../../domain/raise-memory.ts';
import { isOver } from '../../domain/task-run.ts';
import { readJobDoc } from '../../store/jobs.ts';
import { countPhases } from '../../store/leases.ts';
import { findReady } from '../../store/ready.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { jobOf } from '../jobs/draft.ts';
import { needsOf } from '../exchange/task-context.ts';
import { getTask, type TaskView } from '../jobs/list-tasks.ts';
import { COMPONENT_OF_KIND } from '../job-policy.ts';
import { estimate, type Estimate } from './estimate.ts';
import { placeIn, viewQueue, type Place, type QueueView } from './queue-view.ts';
import { countWords, reason, secondsWords, type Reason } from './reason.ts';
import { runnerProblem } from './runner-problem.ts';
import { waitingReasons } from './waiting-reasons.ts';

export interface Explanation {
  job: JobRow;
  summary: string;
  reasons: Reason[];
  queue: QueueView | null;
  place: Place | null;
  eta: Estimate;
}

export async function explainJob(
  ctx: Context,
  account: Account,
  id: string,
  { taskId }: ExplainQuery,
): Promise<Explanation> {
  const job = await jobOf(ctx, account, id);
  const task = taskId ? await getTask(ctx, account, id, taskId) : null;
  if (job.state === 'NEW') return plain(job, reason('DRAFT', 'is a draft: nobody has run it yet'));
  if (isTerminal(job.state)) return plain(job, endReason(job));
  const doc = await readJobDoc(ctx.store.db, job.no);
  return explainRunning(ctx, job, doc, task);
}

/** What can be said of a job that waits for nothing. */
function plain(job: JobRow, only: Reason): Explanation {
  const eta = { seconds: null, basis: only.message };
  return { job, summary: only.message, reasons: [only], queue: null, place: null, eta };
}

function endReason(job: JobRow): Reason {
  if (job.state === 'COMPLETE') return reason('ENDED', 'has ended: complete');
  return reason('ENDED', `has ended: ${job.error_message}`, { failureReason: job.failure_reason });
}

async function explainRunning(
  ctx: Context,
  job: JobRow,
  doc: JobDoc,
  task: TaskView | null,
): Promise<Explanation> {
  const { db } = ctx.store;
  const queue = await viewQueue(ctx, db, job.account);
  const phases = await countPhases(db, [job.no]);
  const running = phases.reduce((sum, { count }) => sum + count, 0);
  const place = placeIn(queue, job);
  const waiting =
    running > 0 && place === null
      ? []
      : await waitingReasons(ctx, db, job, doc, () => Promise.resolve(queue));
  const own = task === null ? [] : await taskReasons(ctx, job, doc, task);
  const reasons = [
    ...own,
    ...comingProblems(ctx, job, doc),
    ...(running > 0 ? [runningReason(job, running, place, queue)] : []),
    ...waiting,
  ];
  if (reasons.length === 0) reasons.push(stageReason(job));
  const known = reasons.filter(
    ({ message }, i) => reasons.findIndex((other) => other.message === message) === i,
  );
  const isDue = { running, reasons: waiting, queue };
  const summary = known[0]?.message ?? '';
  return { job, summary, reasons: known, queue, place, eta: await estimate(ctx, db, job, isDue) };
}

function runningReason(
  job: JobRow,
  running: number,
  place: Place | null,
  queue: QueueView,
): Reason {
  const waits = queue.jobs.find(({ no }) => no === job.no)?.waiting ?? 0;
  const rest = place === null ? '' : `, ${waits.toLocaleString('en-US')} wait for a place`;
  return reason(
    'RUNNING',
    `${countWords(running, 'task')} of it ${running === 1 ? 'runs' : 'run'}${rest}`,
    {
      running,
      waiting: waits,
    },
  );
}

function stageReason(job: JobRow): Reason {
  const stage = job.state.toLowerCase().replaceAll('_', ' ');
  return reason('SERVER', `the server is working on it (${stage})`, { state: job.state });
}

const ORDER: readonly TaskKind[] = ['PARTITIONER', 'APP', 'ASSEMBLER'];
/** The last kind that still has to run, by state. */
const DONE_BY_STATE: Partial<Record<JobRow['state'], number>> = {
  PARTITIONED: 1,
  TASKS_COMPLETED: 2,
  MERGING: 2,
  MERGED: 3,
  DOWNLOADING: 3,
};

/** A stage that no runner could ever run is told at once, not when it comes. */
function comingProblems(ctx: Context, job: JobRow, doc: JobDoc): Reason[] {
  return ORDER.slice(DONE_BY_STATE[job.state] ?? 0).flatMap((kind) => {
    const component = doc.pinned?.[COMPONENT_OF_KIND[kind]] ?? null;
    const problem = component === null ? null : runnerProblem(ctx, component);
    return problem?.code === 'NO_FITTING_RUNNER' ? [problem] : [];
  });
}

async function taskReasons(
  ctx: Context,
  job: JobRow,
  doc: JobDoc,
  view: TaskView,
): Promise<Reason[]> {
  const { task, leases } = view;
  const base = baseMemory(doc, task.kind);
  const [lease] = leases;
  if (task.state === 'open' && isOver(job, task)) {
    return [reason('ENDED', `the task was aborted: it belongs to run ${task.run} of the job`)];
  }
  if (task.state !== 'open') {
    const words = task.state === 'committed' ? 'the task is done' : 'the task has failed for good';
    return [reason('ENDED', words)];
  }
  if (lease !== undefined) {
    const ms = ctx.now() - lease.assigned_at;
    const words = `the task is on ${lease.runner} for ${secondsWords(ms)} (attempt ${lease.attempt}${asksWords(base, lease.raised_bytes, lease.alone)})`;
    return [reason('RUNNING', words, { runner: lease.runner, attempt: lease.attempt })];
  }
  const ready = await findReady(ctx.store.db, task);
  if (ready !== undefined && ready.ready_at > ctx.now()) {
    const waits = ready.ready_at - ctx.now();
    const asks = asksWords(base, ready.memory_bytes, ready.alone);
    const words = `the task waits ${secondsWords(waits)} before attempt ${ready.attempt}${asks}`;
    const until = new Date(ready.ready_at).toISOString();
    return [reason('BACKOFF', words, { seconds: Math.ceil(waits / 1000), until })];
  }
  if (ready !== undefined && ready.alone === 1) {
    const words = `the task waits for a runner that has nothing else to do: ${task.losses} were lost with it`;
    return [reason('RUNNERS_BUSY', words, { lost: task.losses, attempt: ready.attempt })];
  }
  const before = ready === undefined && task.kind === 'APP' ? task.chunk - job.cursor : 0;
  if (before <= 0) return [];
  const words = `${countWords(before, 'chunk')} of the same job ${before === 1 ? 'comes' : 'come'} before the task`;
  return [reason('QUEUE', words, { chunksAhead: before })];
}

/** Bytes that the component of a task asks for. */
function baseMemory(doc: JobDoc, kind: TaskKind): number {
  const component = doc.pinned?.[COMPONENT_OF_KIND[kind]] ?? null;
  return component === null ? 0 : needsOf(component).memoryBytes;
}

/** What an attempt asks for beyond that, and why. */
function asksWords(base: number, raised: number, alone: number): string {
  const memory =
    raised > base
      ? `, with ${memoryWords(raised)} of memory instead of ${memoryWords(base)}, of which it ran out`
      : '';
  return alone === 1
    ? `${memory}, with a runner for itself after runners were lost with it`
    : memory;
}
