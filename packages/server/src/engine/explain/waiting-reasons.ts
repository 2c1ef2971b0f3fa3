import type { Context } from '../../context.ts';
import type { JobDoc, PinnedRevision } from '../../domain/job-doc.ts';
import { kindClaimedIn } from '../../domain/job-state.ts';
import { hasRoom, roomOf } from '../../domain/limits.ts';
import { nextReadyAt } from '../../store/ready.ts';
import { jobSteps } from '../../store/steps.ts';
import type { Db } from '../../store/store.ts';
import type { JobRow, StepRow } from '../../store/tables.ts';
import { COMPONENT_OF_KIND } from '../job-policy.ts';
import { NO_SPACE, wasRefusedLately } from '../require-space.ts';
import { placeIn, type QueueView } from './queue-view.ts';
import { countWords, reason, secondsWords, type Reason } from './reason.ts';
import { runnerProblem } from './runner-problem.ts';

const NO_ROOM = reason('DISK_FULL', `waits for room: ${NO_SPACE}`);

/** Reads the queue when it is needed, once for all jobs of an account that are looked at together. */
export type ReadQueue = () => Promise<QueueView>;

/** Why nothing of a started job runs on a runner at the moment, in words for its owner. */
export async function waitingReason(
  ctx: Context,
  db: Db,
  job: JobRow,
  doc: JobDoc,
  readQueue: ReadQueue,
): Promise<string> {
  return (await waitingReasons(ctx, db, job, doc, readQueue))[0]?.message ?? '';
}

/** All that keeps the next tasks of a started job from running; the most important first. */
export async function waitingReasons(
  ctx: Context,
  db: Db,
  job: JobRow,
  doc: JobDoc,
  readQueue: ReadQueue,
): Promise<Reason[]> {
  const step = (await jobSteps(db, job.no))[0];
  if (step !== undefined) return stepReasons(ctx, step);
  const kind = kindClaimedIn(job.state);
  const component = kind === null ? null : (doc.pinned?.[COMPONENT_OF_KIND[kind]] ?? null);
  if (component === null) return [];
  if (ctx.disk.isLow()) return [NO_ROOM];
  const problem = runnerProblem(ctx, component);
  if (problem !== null) return [problem];
  const backoff = await backoffReason(ctx, db, job);
  if (backoff !== null) return [backoff];
  const queue = await readQueue();
  return [
    ...limitReasons(queue, component),
    ...placeReasons(queue, job),
    runnersReason(ctx, queue, component),
  ];
}

function stepReasons(ctx: Context, step: StepRow): Reason[] {
  if (step.owner !== '') return [];
  if (ctx.disk.isLow() && step.name === 'source') return [NO_ROOM];
  const waits = step.ready_at - ctx.now();
  if (waits <= 0) return [];
  const details = { step: step.name, seconds: Math.ceil(waits / 1000) };
  return [
    step.tries > 0
      ? reason(
          'BACKOFF',
          `waits ${secondsWords(waits)} before trying the ${step.name} step again${lackOfRoom(ctx)}`,
          details,
        )
      : reason(
          'DELIVERY',
          `waits ${secondsWords(waits)} until the delivery of the run before has ended`,
          details,
        ),
  ];
}

async function backoffReason(ctx: Context, db: Db, job: JobRow): Promise<Reason | null> {
  const readyAt = await nextReadyAt(db, job.no);
  const isCursorLeft = job.state === 'PARTITIONED' && job.cursor < job.num_chunks;
  if (isCursorLeft || readyAt === null || readyAt <= ctx.now()) return null;
  const waits = readyAt - ctx.now();
  return reason('BACKOFF', `waits ${secondsWords(waits)} before the next retry${lackOfRoom(ctx)}`, {
    seconds: Math.ceil(waits / 1000),
    until: new Date(readyAt).toISOString(),
  });
}

/** What was tried in vain may have been refused for lack of room, even where smaller things still fit. */
function lackOfRoom(ctx: Context): string {
  return wasRefusedLately(ctx) ? "; the platform's disk had too little room a moment ago" : '';
}

function limitReasons({ limits, held }: QueueView, component: PinnedRevision): Reason[] {
  if (hasRoom(roomOf(limits, held), component.cpus)) return [];
  const { runningTasks, cpus } = limits;
  const details = {
    runningTasks: held.tasks,
    cpus: held.cpus,
    ...(runningTasks > 0 && { maxRunningTasks: runningTasks }),
    ...(cpus > 0 && { maxCpus: cpus }),
  };
  if (runningTasks > 0 && held.tasks >= runningTasks) {
    const message = `you may have ${countWords(runningTasks, 'running task')}, and ${held.tasks} run`;
    return [reason('USER_LIMIT', message, details)];
  }
  const never =
    component.cpus > cpus ? ': it can never run unless the operator raises the limit' : '';
  const message =
    `you may use ${countWords(cpus, 'CPU')} at a time, ${held.cpus} are in use, ` +
    `and ${component.tag} needs ${component.cpus}${never}`;
  return [reason('USER_LIMIT', message, details)];
}

function placeReasons(queue: QueueView, job: JobRow): Reason[] {
  const place = placeIn(queue, job);
  if (place === null) return [];
  const { users, tasks, usersAhead } = queue.others;
  if (place.position === 1 && users === 0) return [];
  const parts = [
    ...(place.ownJobs === 0
      ? []
      : [
          `${countWords(place.ownTasks, 'task')} of ${countWords(place.ownJobs, 'job')} of your own`,
        ]),
    ...(usersAhead === 0 ? [] : [countWords(usersAhead, 'other user')]),
  ];
  const turn = parts.length === 0 ? 'has the next turn' : `comes after ${parts.join(' and ')}`;
  const sharing =
    users === 0
      ? ''
      : `; ${countWords(users, 'other user')} with ${countWords(tasks, 'waiting task')} share the runners with you`;
  return [
    reason('QUEUE', `is number ${place.position} in the queue: ${turn}${sharing}`, {
      position: place.position,
      ownJobsAhead: place.ownJobs,
      ownTasksAhead: place.ownTasks,
      otherUsersAhead: usersAhead,
      otherUsers: users,
      otherTasks: tasks,
    }),
  ];
}

function runnersReason(
  ctx: Context,
  { heldByAll }: QueueView,
  { tag, cpus, memoryGiB }: PinnedRevision,
) {
  const connected = ctx.runners.list(ctx.now());
  const runners = connected.filter(({ draining }) => !draining);
  const drained = connected.length - runners.length;
  const total = runners.reduce((sum, runner) => sum + runner.cpus, 0);
  const inUse = Math.round(heldByAll.cpus * 100) / 100;
  return reason(
    'RUNNERS_BUSY',
    `waits for a free runner: ${tag} needs ${countWords(cpus, 'CPU')} and ${memoryGiB} GiB, ` +
      `${inUse} of the ${total} CPUs of ${countWords(runners.length, 'runner')} are in use` +
      (drained === 0 ? '' : `; ${countWords(drained, 'runner is', 'runners are')} drained`),
    { cpus, memoryGiB, cpusInUse: inUse, cpusTotal: total, runners: runners.length, drained },
  );
}
