import type { Command } from 'commander';
import { addDrain, addResume } from './drain.ts';
import { addList } from './list.ts';
import { addRemove } from './remove.ts';
import { addRun } from './run.ts';
import { addToken } from './token.ts';

export function defineRunner(group: Command): void {
  for (const add of [addRun, addList, addDrain, addResume, addRemove, addToken]) add(group);
}
