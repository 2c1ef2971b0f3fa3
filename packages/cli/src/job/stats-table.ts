import { TASK_STATE_PREFIX, type Task } from '@bytenite/contract';
import { formatBytes } from '../terminal/format.ts';
import type { Column } from '../terminal/table.ts';
import { taskWords } from './state-words.ts';

const NUMBERS = ['QUEUE', 'START', 'TRANSFER', 'RUN', 'CPU', 'MEMORY', 'IN', 'OUT'];

/** What each task took: where its time went, and how much of the machine and of data. */
export function statsTable(tasks: readonly Task[]): { columns: Column[]; rows: string[][] } {
  const columns: Column[] = [{ title: 'TASK' }, { title: 'STATE' }];
  for (const title of NUMBERS) columns.push({ title, align: 'right' });
  return { columns, rows: tasks.map(toRow) };
}

function toRow(task: Task): string[] {
  const state = task.state.slice(TASK_STATE_PREFIX.length).toLowerCase();
  return [taskWords(task), state, ...numbersOf(task)];
}

/** A task that has not ended, or whose runner was lost, has none. */
function numbersOf({ stats }: Task): string[] {
  if (stats === null) return NUMBERS.map(() => '-');
  const { queueSeconds, startSeconds, transferSeconds, runSeconds, cpuSeconds } = stats;
  const seconds = [queueSeconds, startSeconds, transferSeconds, runSeconds, cpuSeconds];
  const bytes = [stats.maxMemoryBytes, stats.inputBytes, stats.outputBytes];
  return [...seconds.map((value) => `${value.toFixed(3)} s`), ...bytes.map(formatBytes)];
}
