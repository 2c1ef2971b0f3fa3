/** What all tasks of a context have in common in one slot: made by the first of them, and kept as long as the context. */
import type { TaskContext } from '@bytenite/contract';
import type { AttemptPaths } from './attempt-folder.ts';

export class PerSlot<T> {
  private readonly kept = new WeakMap<TaskContext, WeakMap<AttemptPaths, { value: T }>>();

  get(context: TaskContext, paths: AttemptPaths, make: () => T): T {
    let byPaths = this.kept.get(context);
    if (!byPaths) this.kept.set(context, (byPaths = new WeakMap()));
    let entry = byPaths.get(paths);
    if (!entry) byPaths.set(paths, (entry = { value: make() }));
    return entry.value;
  }
}
