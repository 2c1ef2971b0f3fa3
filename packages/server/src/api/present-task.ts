import {
  TASK_STATE_PREFIX,
  type Attempt,
  type Task,
  type TaskState,
  type ReportedStats,
} from '@bytenite/contract';
import { isOfEarlierRun, isOver } from '../domain/task-run.ts';
import { byteChips } from '../domain/price.ts';
import { taskIdOf } from '../domain/task-id.ts';
import type { TaskView } from '../engine/jobs/list-tasks.ts';
import { timestampOf } from './time.ts';

export function presentTask(view: TaskView): Task {
  const { job, task, leases } = view;
  const lease = leases[0];
  const state = stateOf(view);
  const ended = state === 'COMPLETED' || state === 'FAILED' || state === 'ABORTED';
  const last = lease ?? task;
  return {
    id: taskIdOf(job.uuid, task),
    jobId: job.id,
    templateId: job.template_id,
    kind: task.kind,
    state: `${TASK_STATE_PREFIX}${state}`,
    stateTimestamps: stateTimestamps(view, state),
    chunkNumber: task.chunk,
    attempt: lease?.attempt ?? task.attempts,
    assignedTo: last.runner,
    createdAt: timestampOf(task.created_at),
    startedAt: timestampOf(last.started_at),
    completedAt: ended ? timestampOf(endOf(view)) : null,
    price: byteChips(task.price),
    errorMessage: task.error_message,
    attempts: attemptsOf(view),
    stats: task.stats === null ? null : presentStats(task.stats, task),
  };
}

/** A row from before there were all of them says nothing of transfers, and its times how long the process ran. */
function presentStats(text: string, { started_at, ended_at }: TaskView['task']): Task['stats'] {
  const ran = started_at === null || ended_at === null ? 0 : (ended_at - started_at) / 1000;
  const stats = JSON.parse(text) as ReportedStats;
  return {
    ...stats,
    transferSeconds: stats.transferSeconds ?? 0,
    runSeconds: stats.runSeconds ?? ran,
  };
}

function stateOf({ job, task, leases }: TaskView): TaskState {
  if (task.state === 'committed') return 'COMPLETED';
  if (task.state === 'failed') return 'FAILED';
  if (isOver(job, task)) return 'ABORTED';
  const phase = leases[0]?.phase;
  if (phase === undefined) return 'SCHEDULED';
  return phase === 'STAGING_OUT' ? 'RUNNING' : phase;
}

/** An aborted task ended with its run of the job; when an earlier one ended is not known any more. */
function endOf({ job, task }: TaskView): number | null {
  return task.state === 'open' && !isOfEarlierRun(job, task) ? job.ended_at : task.ended_at;
}

function stateTimestamps(view: TaskView, state: TaskState): Record<string, string> {
  const { task, leases } = view;
  const last = leases[0] ?? task;
  const times: Partial<Record<TaskState, number | null>> = {
    SCHEDULED: task.created_at,
    ASSIGNED: last.assigned_at,
    RECEIVED: last.received_at,
    RUNNING: last.started_at,
  };
  if (state === 'COMPLETED' || state === 'FAILED' || state === 'ABORTED')
    times[state] = endOf(view);
  return Object.fromEntries(
    Object.entries(times).flatMap(([name, at]) =>
      at === null ? [] : [[TASK_STATE_PREFIX + name, timestampOf(at)]],
    ),
  );
}

function attemptsOf({ task, leases, attempts }: TaskView): Attempt[] {
  const ended: Attempt[] = attempts.map((row) => ({
    attempt: row.attempt,
    assignedTo: row.runner,
    startedAt: timestampOf(row.started_at),
    endedAt: timestampOf(row.ended_at),
    exitCode: row.exit_code,
    reason: row.reason,
    errorMessage: row.error_message,
  }));
  if (task.winner !== null) {
    ended.push({
      attempt: task.winner,
      assignedTo: task.runner,
      startedAt: timestampOf(task.started_at),
      endedAt: timestampOf(task.ended_at),
      exitCode: 0,
      reason: '',
      errorMessage: '',
    });
  }
  const live: Attempt[] = leases.map((lease) => ({
    attempt: lease.attempt,
    assignedTo: lease.runner,
    startedAt: timestampOf(lease.started_at),
    endedAt: null,
    exitCode: null,
    reason: '',
    errorMessage: '',
  }));
  return [...ended, ...live].toSorted((a, b) => a.attempt - b.attempt);
}
