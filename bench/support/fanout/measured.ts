/** Of one candidate in one round. */
export interface Measured {
  tasksPerSecond: number;
  /** Of the platform alone, and its parts. */
  ownCpuMsPerTask?: number;
  serverCpuMsPerTask?: number;
  runnerCpuMsPerTask?: number;
  launcherCpuMsPerTask?: number;
  /** Missing where not all processes are waited for by those that started them. */
  totalCpuMsPerTask?: number;
  /** From `POST /jobs` to the start of the first task's process: the median of some jobs. */
  firstTaskMs?: number;
}
