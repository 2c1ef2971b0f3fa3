import type { Command } from 'commander';
import { addDelete } from './delete.ts';
import { addList } from './list.ts';
import { addPut } from './put.ts';

export function defineCache(group: Command): void {
  for (const add of [addList, addPut, addDelete]) add(group);
}
