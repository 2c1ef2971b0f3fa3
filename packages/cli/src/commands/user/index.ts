import type { Command } from 'commander';
import { addCreate } from './create.ts';
import { addDisable, addEnable } from './disable.ts';
import { addLimits } from './limits.ts';
import { addList } from './list.ts';

export function defineUser(group: Command): void {
  for (const add of [addCreate, addList, addLimits, addDisable, addEnable]) add(group);
}
