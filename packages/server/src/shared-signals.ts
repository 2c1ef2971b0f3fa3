/** Hints that reach the other servers of the same database too, gathered so that they stay few. */
import { randomUUID } from 'node:crypto';
import { SHARED_TOPICS, type Signals, type Topic } from './signals.ts';
import type { SharedStore } from './store/store.ts';

/** Hints of this long go out together. */
const GATHER_MS = 20;

/** `local` with every hint told to the other servers, and theirs heard, until the signal. */
export function shareSignals(local: Signals, shared: SharedStore, signal: AbortSignal): Signals {
  const own = randomUUID();
  let gathered = new Set<Topic>();

  function send(): void {
    const message = [own, ...gathered].join(' ');
    gathered = new Set();
    // A hint that is lost is made good by the next look at the tables.
    shared.announce(message).catch(() => undefined);
  }

  function hear(message: string): void {
    const [from, ...names] = message.split(' ');
    if (from === own) return;
    // Without a name, anything may have happened.
    const topics = SHARED_TOPICS.filter((topic) => names.length === 0 || names.includes(topic));
    for (const topic of topics) local.notify(topic);
  }

  void shared.listen(hear, signal);
  return {
    wait: local.wait,
    notify(topic) {
      local.notify(topic);
      if (gathered.size === 0) setTimeout(send, GATHER_MS).unref();
      gathered.add(topic);
    },
  };
}
