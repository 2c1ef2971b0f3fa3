/**
 * How attempts ended on the runners of this server, of late: a runner that fails what others can do is given no more.
 * It is no more than a suspicion, so it is not in the tables; what follows from it is.
 */
import type { AttemptReason, EndReport, Verdict } from '@bytenite/contract';
import {
  decideSickness,
  KEPT_ENDS,
  type RunnerEnd,
  type Sickness,
} from '../../domain/runner-health.ts';
import type { RunnerDirectory } from '../runners.ts';

/** Names that come and go do not pile up. */
const MAX_RUNNERS = 10_000;
/** Failures whose task has not succeeded yet; the oldest are forgotten first. */
const MAX_OPEN = 10_000;
/** Failures that say something of the runner that they happened on. */
const TELLING: ReadonlySet<AttemptReason> = new Set([
  'EXIT_NONZERO',
  'TIMEOUT',
  'IMAGE_PULL_FAILED',
  'INPUT_FAILED',
  'OUTPUT_FAILED',
  'INTERNAL',
]);

interface OpenFailure {
  runner: string;
  end: RunnerEnd;
}

interface Book {
  ends: Map<string, RunnerEnd[]>;
  /** By task. */
  open: Map<string, OpenFailure[]>;
}

const books = new WeakMap<RunnerDirectory, Book>();

function bookOf(runners: RunnerDirectory): Book {
  let book = books.get(runners);
  if (book === undefined) books.set(runners, (book = { ends: new Map(), open: new Map() }));
  return book;
}

/** Notes what was settled; tells which runners have turned out to be sick. */
export function noteEnds(
  runners: RunnerDirectory,
  runner: string,
  ended: readonly EndReport[],
  verdicts: ReadonlyMap<string, Verdict>,
  now: number,
): Map<string, Sickness> {
  const book = bookOf(runners);
  const suspects = new Set<string>();
  const succeeded = new Set<number>();
  for (const { lease, ref, outcome } of ended) {
    const verdict = verdicts.get(lease);
    if (verdict === 'committed') {
      succeeded.add(ref.job);
      for (const name of blame(book, runner, taskOf(ref))) suspects.add(name);
    } else if (verdict === 'ended' && !outcome.ok && TELLING.has(outcome.reason)) {
      const end = { job: ref.job, ok: false, blamed: false, at: now };
      add(book, runner, end);
      open(book, taskOf(ref), { runner, end });
    }
  }
  // However many succeed at once: a short task says no more than a long one.
  for (const job of succeeded) add(book, runner, { job, ok: true, blamed: false, at: now });
  return sickOf(book, suspects, now);
}

/** After a runner was drained: whoever resumes it begins anew with it. */
export function forgetEnds(runners: RunnerDirectory, runner: string): void {
  bookOf(runners).ends.delete(runner);
}

function sickOf(book: Book, suspects: ReadonlySet<string>, now: number): Map<string, Sickness> {
  const sick = new Map<string, Sickness>();
  for (const name of suspects) {
    const sickness = decideSickness(book.ends.get(name) ?? [], now);
    if (sickness !== null) sick.set(name, sickness);
  }
  return sick;
}

/** A task succeeded: whoever failed it before is to blame. */
function blame({ open: failures }: Book, runner: string, task: string): string[] {
  if (failures.size === 0) return [];
  const others = (failures.get(task) ?? []).filter((failure) => failure.runner !== runner);
  failures.delete(task);
  for (const { end } of others) end.blamed = true;
  return others.map((failure) => failure.runner);
}

function add({ ends }: Book, runner: string, end: RunnerEnd): void {
  const known = ends.get(runner) ?? [];
  known.push(end);
  if (known.length > KEPT_ENDS) known.shift();
  ends.set(runner, known);
  const [oldest] = ends.keys();
  if (ends.size > MAX_RUNNERS && oldest !== undefined) ends.delete(oldest);
}

function open({ open: failures }: Book, task: string, failure: OpenFailure): void {
  const known = failures.get(task) ?? [];
  // The newest of a runner is enough.
  failures.set(task, [...known.filter(({ runner }) => runner !== failure.runner), failure]);
  const [oldest] = failures.keys();
  if (failures.size > MAX_OPEN && oldest !== undefined) failures.delete(oldest);
}

function taskOf({ job, kind, run, chunk }: EndReport['ref']): string {
  return `${job}/${kind}/${run}/${chunk}`;
}
