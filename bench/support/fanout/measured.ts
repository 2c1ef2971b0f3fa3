/** Of one candidate in one round. */
export interface Measured extends Partial<FirstTask> {
  tasksPerSecond: number;
  /** Of the platform alone, and its parts. */
  ownCpuMsPerTask?: number;
  serverCpuMsPerTask?: number;
  runnerCpuMsPerTask?: number;
  launcherCpuMsPerTask?: number;
  /** Missing where not all processes are waited for by those that started them. */
  totalCpuMsPerTask?: number;
}

/** From `POST /jobs` to these moments, in milliseconds: medians of some jobs. */
export interface FirstTask {
  /** Its chunk is there. */
  partitionedMs: number;
  /** It is given to a runner. */
  assignedMs: number;
  /** The runner has it. */
  receivedMs: number;
  /** Its process starts. */
  firstTaskMs: number;
}
