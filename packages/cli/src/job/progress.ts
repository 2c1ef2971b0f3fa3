/** How far a job is, in words; no I/O. */
import { TASK_STATE_PREFIX, type Job, type JobState, type TaskState } from '@bytenite/contract';
import stringWidth from 'string-width';
import { formatSeconds } from '../terminal/format.ts';
import { jobState, lastState, stateWords } from './state-words.ts';

const PHASES: readonly { name: string; states: readonly JobState[] }[] = [
  { name: 'input', states: ['STARTED', 'UPLOADING'] },
  { name: 'partition', states: ['PARTITIONING'] },
  { name: 'tasks', states: ['PARTITIONED'] },
  { name: 'assemble', states: ['TASKS_COMPLETED', 'MERGING'] },
  { name: 'deliver', states: ['MERGED', 'DOWNLOADING'] },
];

export interface Phase {
  name: string;
  status: 'done' | 'active' | 'failed' | 'ahead';
}

export function phasesOf(job: Job): Phase[] {
  const state = jobState(job);
  const current = PHASES.findIndex(({ states }) => states.includes(lastState(job)));
  return PHASES.map(({ name }, i) => {
    if (state === 'COMPLETE' || i < current) return { name, status: 'done' };
    if (i > current) return { name, status: 'ahead' };
    return { name, status: state === 'FAILED' ? 'failed' : 'active' };
  });
}

export interface TaskTally {
  total: number;
  done: number;
  running: number;
  /** Given to a runner, not begun. */
  starting: number;
  failed: number;
}

export function tally(job: Job): TaskTally {
  const count = (...states: TaskState[]) =>
    states.reduce((sum, state) => sum + (job.taskCounts[TASK_STATE_PREFIX + state] ?? 0), 0);
  return {
    total: job.numChunks,
    done: count('COMPLETED'),
    running: count('RUNNING'),
    starting: count('ASSIGNED', 'RECEIVED'),
    failed: count('FAILED'),
  };
}

/** `34/120 done, 2 running, 1 failed`. */
export function tallyWords({ total, done, running, starting, failed }: TaskTally): string {
  const parts = [`${done}/${total} done`];
  if (running > 0) parts.push(`${running} running`);
  if (starting > 0) parts.push(`${starting} starting`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}

const WINDOW_MS = 10_000;

/** Tasks per second over the last seconds. */
export class RateMeter {
  readonly #samples: { at: number; done: number }[] = [];

  add(at: number, done: number): void {
    this.#samples.push({ at, done });
    while ((this.#samples[1]?.at ?? at) < at - WINDOW_MS) this.#samples.shift();
  }

  /** Undefined until there is something to measure. */
  rate(): number | undefined {
    const first = this.#samples.at(0);
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.done === first.done) return undefined;
    return ((last.done - first.done) * 1000) / Math.max(1, last.at - first.at);
  }
}

/** `12.1/s, ETA 7 s`; `''` while nothing is known. */
export function rateWords(job: Job, rate: number | undefined): string {
  if (rate === undefined || jobState(job) !== 'PARTITIONED') return '';
  const { total, done, failed } = tally(job);
  const digits = rate < 10 ? 1 : 0;
  return `${rate.toFixed(digits)}/s, ETA ${formatSeconds((total - done - failed) / rate)}`;
}

/** One line that says all about this moment. */
export function progressWords(job: Job, rate: number | undefined): string {
  const parts = [stateWords(job)];
  if (jobState(job) === 'PARTITIONED') parts.push(tallyWords(tally(job)), rateWords(job, rate));
  if (job.waitingReason !== '') parts.push(`waiting: ${job.waitingReason}`);
  return parts.filter(Boolean).join(', ');
}

/** All phases in one line; where that is too wide, only the one under way is named. */
export function phaseWords(
  job: Job,
  rate: number | undefined,
  spinner: string,
  width: number,
): string {
  const phases = phasesOf(job);
  const waiting = job.waitingReason === '' ? '' : `waiting: ${job.waitingReason}`;
  const lineOf = (isNamed: (phase: Phase) => boolean) => {
    const marks = phases.map((phase) => phaseText(phase, job, spinner, isNamed(phase)));
    return [marks.join('  '), rateWords(job, rate), waiting].filter(Boolean).join('   ');
  };
  const whole = lineOf(() => true);
  const isUnderWay = ({ status }: Phase) => status === 'active' || status === 'failed';
  return stringWidth(whole) <= width ? whole : lineOf(isUnderWay);
}

function phaseText({ name, status }: Phase, job: Job, spinner: string, isNamed: boolean): string {
  const mark = { done: '✓', active: spinner, failed: '✗', ahead: '·' }[status];
  if (!isNamed) return mark;
  const isCounted = name === 'tasks' && status !== 'ahead' && job.numChunks > 0;
  return isCounted ? `${mark} ${name} ${tallyWords(tally(job))}` : `${mark} ${name}`;
}
