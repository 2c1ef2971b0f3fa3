/** Whether a runner fails what others can do: then it is the runner, not the tasks. */

/** How an attempt ended on a runner. */
export interface RunnerEnd {
  job: number;
  ok: boolean;
  /** The same task succeeded on another runner afterwards. */
  blamed: boolean;
  at: number;
}

/** Ends of each runner that are looked at. */
export const KEPT_ENDS = 20;
/** What is longer ago tells nothing of how the runner is now. */
const WINDOW_MS = 10 * 60_000;
/** One job may be unlucky, or ask for what the runner has not. */
const MIN_JOBS = 3;

export interface Sickness {
  /** Jobs with tasks that failed here and succeeded elsewhere, and how many such failures. */
  jobs: number;
  failures: number;
}

/** Null for a runner that is well: tasks of few jobs failed there, or more attempts succeeded. */
export function decideSickness(ends: readonly RunnerEnd[], now: number): Sickness | null {
  const recent = ends.filter(({ at }) => now - at <= WINDOW_MS);
  const blamed = recent.filter((end) => end.blamed);
  const jobs = new Set(blamed.map(({ job }) => job)).size;
  const good = recent.filter(({ ok }) => ok).length;
  return jobs >= MIN_JOBS && blamed.length > good ? { jobs, failures: blamed.length } : null;
}
