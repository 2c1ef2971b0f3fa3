import type { Client } from '@bytenite/client';
import type { Job, Task, WireLogLine } from '@bytenite/contract';
import { CliError } from '../errors.ts';
import { taskWords } from './state-words.ts';

const LINES = 20;

/** Why a job failed: its reason, its message, and what the task that broke it printed last. */
export async function explainFailure(client: Client, job: Job): Promise<CliError> {
  const why = job.errorMessage === '' ? [] : [job.errorMessage];
  const task = await findFailedTask(client, job);
  if (task !== undefined) {
    const lines = await lastLines(client, job, task);
    const attempts = task.attempt === 1 ? '' : ` after ${task.attempt} attempts`;
    why.push(`${taskWords(task)} (task ${task.id}) failed${attempts}; its last lines:`);
    why.push(...lines.map((line) => `  | ${line}`));
    if (lines.length === 0) why.push('  (it printed nothing)');
  }
  return new CliError(`job ${job.id} failed: ${job.failureReason}`, {
    why,
    fix: [
      `see everything it printed: bytenite job logs ${job.id}`,
      `run again only what has no result: bytenite job retry ${job.id}`,
    ],
  });
}

async function findFailedTask(client: Client, job: Job): Promise<Task | undefined> {
  const query = { state: ['FAILED' as const], limit: 1 };
  const params = { jobId: job.id };
  const { data } = await client.call('Customer_ListTasks', { params, query });
  return data[0];
}

async function lastLines(client: Client, job: Job, task: Task): Promise<string[]> {
  const body = { jobId: job.id, taskIds: [task.id], limit: LINES };
  const { partitioner, assembler, taskrunner } = await client.call('Customer_Logs', { body });
  const lines: WireLogLine[] = {
    PARTITIONER: partitioner,
    ASSEMBLER: assembler,
    APP: taskrunner[task.id]?.logs ?? [],
  }[task.kind];
  return lines.map(({ log }) => log);
}
