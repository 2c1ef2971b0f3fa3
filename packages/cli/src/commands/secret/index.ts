import type { Command } from 'commander';
import { addCreate } from './create.ts';
import { addDelete } from './delete.ts';
import { addList } from './list.ts';
import { addRotateKey } from './rotate-key.ts';

export function defineSecret(group: Command): void {
  for (const add of [addCreate, addList, addDelete, addRotateKey]) add(group);
}
