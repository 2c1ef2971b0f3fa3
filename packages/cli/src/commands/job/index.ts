import type { Command } from 'commander';
import { addAbort } from './abort.ts';
import { addCreate } from './create.ts';
import { addDelete } from './delete.ts';
import { addExplain } from './explain.ts';
import { addGet } from './get.ts';
import { addList } from './list.ts';
import { addLogs } from './logs.ts';
import { addPriority } from './priority.ts';
import { addResults } from './results.ts';
import { addRetry } from './retry.ts';
import { addRun } from './run.ts';
import { addTasks } from './tasks.ts';
import { addWatch } from './watch.ts';

const COMMANDS = [
  addCreate,
  addRun,
  addWatch,
  addList,
  addGet,
  addTasks,
  addExplain,
  addLogs,
  addResults,
  addPriority,
  addAbort,
  addRetry,
  addDelete,
];

export function defineJob(group: Command): void {
  for (const add of COMMANDS) add(group);
}
