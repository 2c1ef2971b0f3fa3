import type { Command } from 'commander';
import { addCreate } from './create.ts';
import { addList } from './list.ts';
import { addRevoke } from './revoke.ts';

export function defineCoupon(group: Command): void {
  for (const add of [addCreate, addList, addRevoke]) add(group);
}
