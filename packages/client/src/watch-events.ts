import type { EventName } from '@bytenite/contract';
import type { Caller } from './caller.ts';
import type { StreamEvent } from './events.ts';

/**
 * A job's events, and `tick` after each time of silence. An event is a hint, the job itself the truth: whoever
 * waits for its end looks at it on a tick too. Leaving the loop closes the stream.
 */
export async function* watchEvents(
  client: Caller,
  watch: { jobId: string; events: readonly EventName[]; signal: AbortSignal; tickMs: number },
): AsyncGenerator<StreamEvent | 'tick', void, undefined> {
  const { jobId, events, tickMs } = watch;
  const left = new AbortController();
  const signal = AbortSignal.any([watch.signal, left.signal]);
  const stream = client.events({ jobId, events, signal });
  try {
    let next = stream.next();
    for (;;) {
      const result = await Promise.race([next, after(tickMs, next)]);
      if (result === 'tick') {
        yield 'tick';
        continue;
      }
      if (result.done) return;
      yield result.value;
      next = stream.next();
    }
  } finally {
    // The abort ends what the stream waits for; only its return lets go of connection and timers.
    left.abort();
    await stream.return();
  }
}

/** Resolves after a while, without a timer left over when the other promise was faster. */
function after(ms: number, other: Promise<unknown>): Promise<'tick'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('tick'), ms);
    const stop = () => clearTimeout(timer);
    other.then(stop, stop);
  });
}
