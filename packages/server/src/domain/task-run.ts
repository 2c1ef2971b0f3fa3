/** Which run of its job a task belongs to. */
import type { JobState, TaskKind } from '@bytenite/contract';
import { isTerminal } from './job-state.ts';

/** APP tasks keep run 0, so that a retry keeps their results; engine tasks belong to a run. */
export function runOf(job: { run: number }, kind: TaskKind): number {
  return kind === 'APP' ? 0 : job.run;
}

export function isOfEarlierRun(
  job: { run: number },
  task: { kind: TaskKind; run: number },
): boolean {
  return task.run !== runOf(job, task.kind);
}

/** An open task whose run has ended is an aborted one. */
export function isOver(
  job: { state: JobState; run: number },
  task: { kind: TaskKind; run: number },
): boolean {
  return isTerminal(job.state) || isOfEarlierRun(job, task);
}
