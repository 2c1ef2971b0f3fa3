/**
 * Hints between the parts of one process: "there may be work", "an event was written". A hint is never
 * the truth: whoever waits also looks at the tables at least once a second.
 */
/** Nobody notifies `never`: it is a wait that ends by time or abort. */
export type Topic = (typeof SHARED_TOPICS)[number] | 'never';

export const SHARED_TOPICS = ['runnable', 'step', 'event', 'runner'] as const;

export interface Signals {
  notify: (topic: Topic) => void;
  /** Resolves at the next notify, after `ms`, or at the abort, whichever comes first. */
  wait: (topic: Topic, ms: number, signal?: AbortSignal) => Promise<void>;
}

export function createSignals(): Signals {
  const waiting = new Map<Topic, Set<() => void>>();
  return {
    notify(topic) {
      const callbacks = waiting.get(topic);
      waiting.delete(topic);
      for (const callback of callbacks ?? []) callback();
    },
    wait(topic, ms, signal) {
      return new Promise((resolve) => {
        const callbacks = waiting.get(topic) ?? new Set();
        waiting.set(topic, callbacks);
        const done = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          callbacks.delete(done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        callbacks.add(done);
        if (signal?.aborted) done();
        else signal?.addEventListener('abort', done, { once: true });
      });
    },
  };
}
