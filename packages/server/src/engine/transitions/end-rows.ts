/** What ended attempts leave in the tables, written together, table by table. */
import { keyOfTask } from '../../domain/task-id.ts';
import { insertEvents } from '../../store/records.ts';
import { insertReady } from '../../store/ready.ts';
import { updateJob } from '../../store/jobs.ts';
import type { Tx } from '../../store/store.ts';
import type { AttemptRow, JobRow, ReadyRow, TaskRow } from '../../store/tables.ts';
import { insertAttempts, updateEndedTasks } from '../../store/tasks.ts';
import type { EndedAttempt } from './end-attempts.ts';
import { taskEvents } from './task-events.ts';

export class EndRows {
  /** What the job pays for them. */
  price = 0;
  private attempts: AttemptRow[] = [];
  private tasks = new Map<string, TaskRow>();
  private retries: ReadyRow[] = [];

  addAttempt({ lease, end }: EndedAttempt): void {
    const { job, kind, run, chunk, attempt, runner } = lease;
    this.attempts.push({
      job,
      kind,
      run,
      chunk,
      attempt,
      runner,
      started_at: end.startedAt,
      ended_at: end.endedAt,
      exit_code: end.exitCode,
      reason: end.reason,
      error_message: end.errorMessage,
    });
  }

  addTask(task: TaskRow): void {
    this.tasks.set(keyOfTask(task), task);
  }

  /** The task as it is after the attempts that ended. */
  addRetry(
    { job, kind, run, chunk, attempts }: TaskRow,
    asks: Pick<ReadyRow, 'ready_at' | 'memory_bytes' | 'alone'>,
  ): void {
    this.retries.push({ job, kind, run, chunk, attempt: attempts + 1, ...asks });
  }

  /** Returns the job as it is then; nothing is left to be written. */
  async write(tx: Tx, job: JobRow, now: number): Promise<JobRow> {
    const tasks = [...this.tasks.values()];
    await insertAttempts(tx, this.attempts);
    await updateEndedTasks(tx, tasks);
    await insertReady(tx, this.retries);
    await insertEvents(tx, taskEvents(job, tasks, now));
    const { price } = this;
    this.attempts = [];
    this.tasks = new Map();
    this.retries = [];
    this.price = 0;
    return price === 0 ? job : ((await updateJob(tx, job, { price: job.price + price })) ?? job);
  }
}
