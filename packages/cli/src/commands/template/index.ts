import type { Command } from 'commander';
import { addDelete } from './delete.ts';
import { addGet } from './get.ts';
import { addList } from './list.ts';
import { addNew } from './new.ts';
import { addPull } from './pull.ts';
import { addPush } from './push.ts';
import { addSharing } from './share.ts';

export function defineTemplate(group: Command): void {
  for (const add of [addNew, addPush, addPull, addGet, addList, addSharing, addDelete]) add(group);
}
