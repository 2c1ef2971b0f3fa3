import type { Command } from 'commander';
import type { Kind } from '../../component/calls.ts';
import { addDelete } from './delete.ts';
import { addGet } from './get.ts';
import { addList } from './list.ts';
import { addNew } from './new.ts';
import { addPull } from './pull.ts';
import { addPush } from './push.ts';
import { addSharing } from './share.ts';
import { addStatus } from './status.ts';
import { addSwitches } from './switch.ts';

export function defineApp(group: Command): void {
  define(group, 'app');
}

export function defineEngine(group: Command): void {
  define(group, 'engine');
}

function define(group: Command, kind: Kind): void {
  const commands = [
    addNew,
    addPush,
    addPull,
    addGet,
    addList,
    addSwitches,
    addStatus,
    addSharing,
    addDelete,
  ];
  for (const add of commands) add(group, kind);
}
