import type { Priority } from '@bytenite/contract';

export const PRIORITIES = ['fast', 'balanced', 'cheap'] as const;
export type PriorityName = (typeof PRIORITIES)[number];

export function priorityOf(name: PriorityName): Priority {
  return name.toUpperCase() as Priority;
}
