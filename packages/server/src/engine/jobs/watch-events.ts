/**
 * Changes as they happen. The table says that something changed; what is sent is its state now, so a
 * slow watcher gets fewer and newer messages, never an endless backlog.
 */
import { ApiError, type EventName } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { eventPlaceOf, WHOLE_ROW, type EventPlace } from '../../domain/event-id.ts';
import { eventBounds, eventsAfter } from '../../store/records.ts';
import { requireWelcome } from '../auth/authenticate.ts';
import type { Caller } from '../auth/account.ts';
import { jobOf } from './draft.ts';
import { readEvents, type WatchedEvent } from './watched-events.ts';

export interface WatchQuery {
  jobId: string | undefined;
  names: ReadonlySet<EventName>;
  /** Resume after this event; undefined begins with what comes next. */
  afterId: number | undefined;
}

const BATCH = 500;
/** Watchers of one job get at most this many rounds a second. */
const ROUND_MS = 250;

/** Events of an account, of one job when named; ends with the signal, or with the caller's key. */
export async function* watchEvents(
  ctx: Context,
  account: Caller,
  query: WatchQuery,
  signal: AbortSignal,
): AsyncGenerator<WatchedEvent[] | 'keep-alive'> {
  const job = query.jobId === undefined ? null : (await jobOf(ctx, account, query.jobId)).no;
  const stillWelcome = welcomeCheck(ctx, account);
  let after = await startPlace(ctx, query.afterId);
  // Who sees that the stream is open has its place in it: whatever is done from then on is told.
  yield 'keep-alive';
  let quietSince = ctx.now();
  while (!signal.aborted) {
    await stillWelcome();
    const rows = await eventsAfter(ctx.store.db, {
      account: account.id,
      // A row of which a part has been sent is read again.
      afterId: after.position === WHOLE_ROW ? after.row : after.row - 1,
      job,
      limit: BATCH,
    });
    for await (const events of readEvents(ctx, rows, { names: query.names, after })) {
      yield events;
      quietSince = ctx.now();
      await stillWelcome();
    }
    const last = rows.at(-1);
    if (last !== undefined) after = { row: last.id, position: WHOLE_ROW };
    if (ctx.now() - quietSince >= KEEP_ALIVE_MS) {
      yield 'keep-alive';
      quietSince = ctx.now();
    }
    if (rows.length === BATCH) continue;
    await ctx.signals.wait('event', 1000, signal);
    if (!signal.aborted) await pause(ROUND_MS, signal);
  }
}

const KEEP_ALIVE_MS = 15_000;

/**
 * A stream outlives the request that opened it, but not the right to; looked at no oftener than rounds come,
 * by a clock that nobody sets back.
 */
function welcomeCheck(ctx: Context, account: Caller): () => Promise<void> {
  let checkedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - checkedAt < ROUND_MS) return;
    await requireWelcome(ctx, account);
    checkedAt = performance.now();
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}

async function startPlace(ctx: Context, afterId: number | undefined): Promise<EventPlace> {
  const { first, last } = await eventBounds(ctx.store.db);
  if (afterId === undefined) return { row: last, position: WHOLE_ROW };
  const place = eventPlaceOf(afterId);
  // Of a row that is gone nobody knows whether it had been sent whole.
  const isGone = place.row === 0 ? first > 1 : place.row < first;
  if (!isGone) return place;
  throw new ApiError(
    'OUT_OF_RANGE',
    'the event is too old: read the state again, then connect without an id',
  );
}
